"""A line with its SHA-256 for every package of pip's report (docs/security.md)."""

import json
import sys
from pathlib import Path

for package in json.loads(Path(sys.argv[1]).read_text())["install"]:
    if archive := package["download_info"].get("archive_info"):
        name, version = package["metadata"]["name"], package["metadata"]["version"]
        print(f"{name}=={version} --hash=sha256:{archive['hashes']['sha256']}")
