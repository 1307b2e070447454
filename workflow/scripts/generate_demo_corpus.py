"""Write the made-up corpus of the demo: reviews, word vectors, and the config file that leads the pipeline to them."""

import argparse
from pathlib import Path

from wordorder.data.demo import write_demo_corpus
from wordorder.io.errors import InputError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write; files of an earlier run are replaced")
    parser.add_argument("--seed", type=int, default=1, help="another seed writes other reviews (default: 1)")
    arguments = parser.parse_args()
    try:
        print(write_demo_corpus(arguments.folder, arguments.seed))
    except InputError as error:
        parser.exit(1, f"Error: {error}\n")
