"""Paths that mean ill, or would somewhere."""

from __future__ import annotations

HOSTILE_PATHS = (
    "", "/", ".", "..", "../index.md", "a/../../index.md", "a/..", "./index.md", "a//b", "a/", "/etc/passwd", "//etc/passwd",
    "%2e%2e/index.md", "..%2findex.md", "%2E%2E%2Findex.md", "a%00.md", "%5c..%5cx",
    "a\0.md", "a\n.md", "a\x1b[31m.md", "a\x7f.md", "a\u202egnp.md", "a\u200b.md", "\ufeffindex.md", "\ud800.md",
    "..\\index.md", "a\\b", "C:\\x", "\\\\host\\share",
    "CON", "con.md", "a/NUL", "aux.tar.gz", "COM1", "lpt9.txt",
    "x" * 300, "é" * 150, "a/" * 12 + "a", "a/" * 600 + "a", ("x" * 250 + "/") * 5 + "a",
    " index.md", "index.md ", "a /b", "\u00a0index.md", "e\u0301.md", "\u212b.md",
    ".git/config", ".gitignore", "a/.git/hooks/x", "index.md~", ".labctlignore", "a/.labctlignore",
    "__static__/x.md", "__static__/deep/x.MD", "010.a/__static__/x.md",
)  # fmt: skip
