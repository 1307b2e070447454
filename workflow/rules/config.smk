# What a config must be, beyond what its schema says, and how to tell. No rules here.
import difflib
import hashlib
import json
import math
import os
import re
import sys
from urllib.parse import unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator, validators

# JSON Schema takes 10.0 for an integer, and the infinities and NaN that YAML knows for numbers. Python's whole numbers
# have no limit, but those of the libraries have: 64 bits, or what a float can hold.
TYPE_CHECKER = Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": lambda _, value: type(value) is int and abs(value) < 2**63,
        # Of the infinities and NaN the comparison is false.
        "number": lambda _, value: type(value) in (int, float) and abs(value) <= sys.float_info.max,
    }
)
Validator = validators.extend(Draft202012Validator, type_checker=TYPE_CHECKER)

TYPES = {
    "object": "a mapping from keys to values",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}
LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
# What each kind of model can be made from, and the settings that it has besides.
TRAINING = ["batch_size", "epochs", "patience", "ema_momentum", "optimizer"]
MODELS = {
    "lstm": {
        "features": ["one_hot", "embedding", "cbow", "glove"],
        "settings": [
            "sequence_length",
            "units",
            "token_dropout",
            "pooling",
            "dropout",
            "mask",
            *TRAINING,
            "group_by_length",
            "teachers",
        ],
    },
    "bag_of_words": {
        "features": ["binary", "tf_idf"],
        "settings": ["units", "dropout", *TRAINING],
    },
    "nbsvm": {"features": ["binary"], "settings": ["C"]},
    "transformer": {
        "features": ["embedding"],
        "settings": ["sequence_length", "heads", "units", "dropout", "mask", *TRAINING, "group_by_length"],
    },
}
# Keys of the config that have got another name.
RENAMED = {"imdb": "corpus"}
# What is no setting of the training.
SHOWN = ["seeds", "chapter_accuracy"]


def shown(value):
    """A value on one line, much as it stands in a YAML file."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str, skipkeys=True)
    # A number of thousands of digits, a value that contains itself, or very many lists within lists.
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too large to show"


def suggestion(word, known):
    """Say which known word may have been meant, or which there are."""
    close = difflib.get_close_matches(str(word), known, n=1)
    return f"did you mean {close[0]}?" if close else f"write one of: {', '.join(known)}."


def type_words(wanted):
    """The types that a schema asks for, in words."""
    return " or ".join(TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted))


def type_hint(value, wanted):
    """What to write instead of a value of the wrong type, where that can be guessed."""
    if wanted == "array" and type(value) in (str, int):
        return f"; write {shown([value])}"
    if wanted == "string" and type(value) in (int, float):
        return f"; write {shown(str(value))}"
    if wanted == "boolean" and value in ("true", "false"):
        return f"; write {value}, without quotes"
    try:
        number = float(value) if type(value) in (str, float) else math.nan
    except ValueError:
        return ""
    if number.is_integer() and abs(number) < 2**63 and "integer" in wanted:
        return f"; write {int(number)}, without quotes or a point"
    if math.isfinite(number) and "number" in wanted:
        # As PyYAML writes numbers: it reads 1e-07 as text.
        return f"; write {yaml.safe_dump(number).split()[0]}, without quotes, or YAML takes it for text"
    if type(value) is int and ("integer" in wanted or "number" in wanted):
        return "; it has too many digits"
    return "; it has to be finite" if type(value) is float and "number" in wanted else ""


def schema_problems(error):
    """Lines about an error of the JSON schema: the key, what is wrong, what to write instead."""
    key = ".".join(map(str, error.absolute_path)) or "the config"
    value, rule, schema = error.instance, error.validator_value, error.schema
    if "propertyNames" in error.absolute_schema_path:
        yield f"{key}: {shown(value)} is not a name; use letters, digits and _, a letter first."
    elif error.validator in ("additionalProperties", "required"):
        known = list(schema.get("properties", rule))
        unknown = [name for name in value if name not in known]
        if error.validator == "additionalProperties":
            for name in unknown:
                if RENAMED.get(name) in known:
                    yield f"{key}: {name} has been renamed; write {RENAMED[name]} in its place, with the same keys."
                else:
                    yield f"{key}: unknown key {name}; {suggestion(name, known)}"
        else:
            # A misspelt key is one mistake, not two.
            meant = [match for name in unknown for match in difflib.get_close_matches(str(name), known, n=1)]
            meant += [RENAMED.get(name) for name in unknown]
            missing = [name for name in rule if name not in value and name not in meant]
            if missing:
                yield f"{key}: {', '.join(missing)} missing; config/README.md says what to write."
    elif error.validator == "enum":
        yield f"{key}: {shown(value)} is not possible; {suggestion(value, rule)}"
    elif error.validator == "type":
        yield f"{key}: {shown(value)} is not {type_words(rule)}{type_hint(value, rule)}."
    elif error.validator in LIMITS:
        limits = " and ".join(f"{words} {schema[name]}" for name, words in LIMITS.items() if name in schema)
        yield f"{key}: {shown(value)} is out of range; write {type_words(schema['type'])}, {limits}."
    elif error.validator == "uniqueItems":
        repeated = dict.fromkeys(shown(item) for item in value if value.count(item) > 1)
        yield f"{key}: {', '.join(repeated)} stands there more than once; name each once."
    elif error.validator == "pattern":
        yield f"{key}: {shown(value)} is not a checksum; write md5: or sha256: and the digest in lower case."
    else:
        # What is left: minItems, minLength and minProperties.
        yield f"{key}: it is empty; write {type_words(schema['type'])} with something in it."


def local_path(source):
    """The path that a source names, None if it is no path."""
    parts = urlsplit(source)
    if parts.scheme != "file" and "://" in source or parts.scheme in ("http", "https"):
        return None
    return unquote(parts.path) if parts.scheme == "file" else source


def source_problem(source, folders):
    """What is wrong with a source, None if nothing; a folder is one where `folders` is true."""
    try:
        parts = urlsplit(source)
    except ValueError:
        return f"{source} is not an address; correct it, or remove this source."
    if parts.scheme in ("http", "https"):
        return None if parts.netloc else f"{source} names no server; write {parts.scheme}://, the server and the path."
    path = local_path(source)
    if path is None:
        return f"{source} is neither http://, https:// nor file://, nor a path; correct it, or remove this source."
    path = os.path.abspath(path)
    if os.path.isfile(path) or folders and os.path.isdir(path):
        return None
    return f"there is no file {path}; correct the path, or remove this source."


def checksum_problem(sources, checksum):
    """What is wrong with a checksum beside sources that are right, None if nothing."""
    paths = [local_path(source) for source in sources]
    if checksum is None and (len(paths) > 1 or paths[0] is None):
        return "null is for a single file on this machine; write sha256: and what sha256sum says of the file."
    if checksum is not None and any(path is not None and os.path.isdir(path) for path in paths):
        return "a folder has no checksum; write null."
    return None


def corpus_name(source):
    """What the corpus is called in resources/: the last part of its source; a folder becomes an archive."""
    path = local_path(source)
    name = os.path.basename((unquote(urlsplit(source).path) if path is None else path).rstrip("/"))
    # Snakemake has a meaning for braces, and shells have one for spaces.
    name = re.sub(r"[^\w.+-]", "_", name).lstrip(".") or "corpus"
    return f"{name}.tar" if path is not None and os.path.isdir(path) else name


def local_digest(source):
    """A digest of a file, or of the names and contents of a folder; why it cannot be had, if so."""
    path = local_path(source)
    try:
        if not os.path.isdir(path):
            with open(path, "rb") as file:
                return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
        digest = hashlib.sha256()
        for place, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                file = os.path.join(place, name)
                digest.update(f"{os.path.relpath(file, path)}\0{local_digest(file)}\n".encode(errors="surrogateescape"))
        return f"sha256:{digest.hexdigest()}"
    except OSError as error:
        # The job that reads it fails, and says more.
        return error.strerror


def meaning_problems(config):
    """The mistakes that a schema cannot see, one line each, in a config that fits the schema."""
    for name in ("corpus", "glove"):
        folders = name == "corpus" and config["corpus"]["format"] == "folders"
        problems = {
            f"{name}.sources.{i}": source_problem(source, folders) for i, source in enumerate(config[name]["sources"])
        }
        if not any(problems.values()):
            problems[f"{name}.checksum"] = checksum_problem(config[name]["sources"], config[name]["checksum"])
        yield from (f"{key}: {problem}" for key, problem in problems.items() if problem)
    columns = [config["corpus"][key] for key in ("text_column", "label_column", "split_column")]
    if config["corpus"]["format"] != "folders" and len(set(columns)) < len(columns):
        yield "corpus: two of text_column, label_column and split_column are the same; name another column."
    glove = config["glove"]
    # Compared as text: Python does not read numbers of thousands of digits.
    named = re.search(r"([0-9]+)d\b", glove["member"] or "")
    dimension = shown(glove["dimension"])
    if named and named[1].lstrip("0") != dimension:
        yield (
            f"glove.dimension: {dimension} does not match glove.member, {glove['member']}; "
            f"write {named[1]}, or name the file that has {dimension} dimensions."
        )
    for name, variant in config["variants"].items():
        yield from variant_problems(f"variants.{name}", variant | complete_variant(variant, config["defaults"]))
    named = {
        f"variants.{name}.vectorizer": [v["vectorizer"]] for name, v in config["variants"].items() if "vectorizer" in v
    }
    named["defaults.vectorizer"] = [config["defaults"]["vectorizer"]]
    yield from undefined("vectorizers", config, named)
    named = {
        "active_variants": config["active_variants"],
        "learning_curve.variants": config["learning_curve"]["variants"],
        "timed_variants": config["timed_variants"],
        **{f"variants.{name}.teachers": v["teachers"] for name, v in config["variants"].items() if "teachers" in v},
    }
    yield from undefined("variants", config, named)
    taught = [name for name, variant in config["variants"].items() if "teachers" in variant]
    for name in taught:
        for teacher in config["variants"][name]["teachers"]:
            if teacher in taught:
                yield f"variants.{name}.teachers: {teacher} has teachers itself; name those instead."
    for name in config["learning_curve"]["variants"]:
        if name in taught:
            yield f"learning_curve.variants: the teachers of {name} have seen all training reviews; remove it."


def undefined(section, config, named):
    """Names at the keys of the config that `section` does not define, one line each."""
    known = list(config[section])
    for key, names in named.items():
        for name in names:
            if name not in known:
                yield f"{key}: {shown(name)} is not defined under {section}; {suggestion(name, known)}"


def variant_problems(key, variant):
    """The settings of a variant that do not go together, one line each."""
    model, features = variant["model"], variant["features"]
    if features not in MODELS[model]["features"]:
        yield f"{key}.features: the model {model} has no {features}; {suggestion(features, MODELS[model]['features'])}"
    elif features == "embedding" and "dimension" not in variant:
        yield f"{key}: an embedding needs a dimension; write, for example, dimension: 256."
    elif features != "embedding" and "dimension" in variant:
        yield f"{key}.dimension: only an embedding has one; remove it, {features} needs none."
    known = ["model", "vectorizer", "features", "dimension", *MODELS[model]["settings"], *SHOWN]
    for name in variant:
        if name not in known:
            yield f"{key}.{name}: the model {model} has none; remove it."
    if model == "nbsvm" and "C" not in variant:
        yield f"{key}: nbsvm needs a C; write, for example, C: 0.3."
    if model == "transformer":
        if "heads" not in variant:
            yield f"{key}: a transformer needs heads; write, for example, heads: 2."
        # The default may be the one at fault: then this is the place to set another.
        if variant["sequence_length"] is None:
            yield (
                f"{key}.sequence_length: a transformer has a vector for each position and cannot read reviews of any "
                "length; write a whole number, for example 600."
            )


def config_problems(config, schema):
    """All that is wrong with a config, one line each; empty if it can be used."""
    try:
        errors = sorted(Validator(schema).iter_errors(config), key=lambda e: list(map(str, e.absolute_path)))
        # Of a value of the wrong type there is no more to say.
        wrong = [(error.absolute_path, error.instance) for error in errors if error.validator == "type"]
        errors = [e for e in errors if e.validator == "type" or (e.absolute_path, e.instance) not in wrong]
    except (RecursionError, ValueError):
        # jsonschema makes a text of the wrong value, and compares the items of lists.
        return ["the config: it has a number of thousands of digits, or hundreds of lists within lists; remove them."]
    # Each once: a missing key is an error of its own, which names all that are missing.
    lines = dict.fromkeys(line for error in errors for line in schema_problems(error))
    lines = list(lines or meaning_problems(config))
    return ["".join(c if c.isprintable() else repr(c)[1:-1] for c in line) for line in lines]


def complete_variant(variant, defaults):
    """The settings of a training: those of the variant, and the defaults for the rest that its kind of model has."""
    model = variant.get("model", defaults["model"])
    settings = {**defaults, **variant, "optimizer": {**defaults["optimizer"], **variant.get("optimizer", {})}}
    known = ["model", "vectorizer", "features", "dimension", *MODELS[model]["settings"]]
    return {name: value for name, value in settings.items() if name in known}
