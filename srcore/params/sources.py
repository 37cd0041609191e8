"""The table of sources of images. A source's file is imported only when it is asked for.

Adding a source: one file in srcore/data/sources, one line here. It stands beside the schema, which
takes from it what `data.source` may be.
"""

SOURCES: dict[str, str] = {
    "sample": "srcore.data.sources.sample:images",
    "voc2007": "srcore.data.sources.voc2007:images",
    "folder": "srcore.data.sources.folder:images",
}
"""Name of a source → its function, `(params: Params, downloads: Path) -> Iterator[Source]`."""
