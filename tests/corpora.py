"""Small corpora that tests share, laid out as IMDB, and the formats that files come in."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pyarrow as pa

FOLDERS = ("train/neg", "train/pos", "test/neg", "test/pos")
SPLITS = ("train", "validation", "test")
FILES = (*SPLITS, "unlabelled")
# The layout of IMDB; the columns are those of tables.
LAYOUT = {
    "format": "folders",
    "unlabelled": "unsup",
    "text_column": ["text"],
    "label_column": "label",
    "split_column": None,
    "group_column": None,
    "group_files": "urls_{label}.txt",
    "separator": None,
    "header": True,
    "pattern": "*.txt",
    "encoding": "utf-8",
}


def small_members(without=()):
    names = [f"aclImdb/{folder}/{i}_{i + 1}.txt" for folder in FOLDERS for i in range(4)]
    return [(name, f"Review {name}".encode()) for name in names if not name.startswith(tuple(without))]


def tar_bytes(members, compression="gz"):
    """Pack pairs of name and content; in place of a name there may be a TarInfo."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name) if isinstance(name, str) else name
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def zstd(content):
    return pa.compress(content, codec="zstd", asbytes=True)


# By the ending of the name.
COMPRESS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd}


def excel(sheets):
    """An Excel file with these rows, as its format is described (ECMA-376), of the least that is needed."""
    spread = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(f'<Override PartName="/xl/{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers)
        + "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{spread}" xmlns:r="{office}"><sheets>'
        + "".join(f'<sheet name="sheet {n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(f'<Relationship Id="r{n}" Type="{office}/worksheet" Target="{n}.xml"/>' for n in numbers)
        + "</Relationships>",
    }
    for number, lines in zip(numbers, sheets, strict=True):
        written = "".join(f"<row>{''.join(map(cell, line))}</row>" for line in lines)
        parts[f"xl/{number}.xml"] = f'<worksheet xmlns="{spread}"><sheetData>{written}</sheetData></worksheet>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return packed.getvalue()
