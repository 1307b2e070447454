"""An archive, tar or zip, with a file for each class and a text on each of its lines."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from wordorder.data.corpus import ADVICE, SPLIT_NAMES, Corpus, Format, Layout, Text, numbered
from wordorder.data.formats.folders_format import read_archive, tell_unread
from wordorder.io.text import text_lines


class Lines(Format):
    """Files named as `Layout.pattern` says, such as rt-polarity.neg and rt-polarity.pos, or train/neg.txt and so on.

    The class is the part of the name, between its dots, by which the files differ, and the split is the name of the
    folder, if it is that of one. Empty lines are left out.
    """

    def read(self, path: Path, layout: Layout) -> Corpus:
        """Read a corpus. Raises InputError with the line that is in another encoding."""
        files = [member for member in read_archive(path, [layout.pattern]) if not member.is_folder]
        read = [(member, member.content) for member in files if member.content is not None]
        labels = differing([member.parts[-1].split(".") for member, _ in read])
        texts = []
        for (member, content), name in zip(read, labels, strict=True):
            *folders, _ = member.parts
            split = next((SPLIT_NAMES[each.lower()] for each in folders[::-1] if each.lower() in SPLIT_NAMES), "train")
            label = "" if name == layout.unlabelled else name
            where = f"{path}, member {member.name!r}"
            lines = list(text_lines(BytesIO(content), where, layout.encoding, ADVICE.encoding))
            texts += [
                Text("/".join([*folders, name, numbered(number, len(lines))]), split, label, line.rstrip("\r\n"))
                for number, line in enumerate(lines, 1)
                if line.strip()
            ]
        tell_unread(path, layout, bool(texts), [], [member.name for member in files if member.content is None])
        return Corpus(texts, sorted(set(labels) - {layout.unlabelled}))


def differing(names: Sequence[Sequence[str]]) -> list[str]:
    """Return the only parts by which names differ; the whole names if there is none, or they differ in more."""
    places = [{*parts} for parts in zip(*names, strict=False)]
    varied = [place for place, parts in enumerate(places) if len(parts) > 1]
    if len(varied) == 1 and len({len(name) for name in names}) == 1:
        return [name[varied[0]] for name in names]
    return [".".join(name) for name in names]
