"""What a path names, and how a file is written so that nothing is lost.

Every writer of this package goes through this room, and so does every reader of a file that a person names:

- `names`: what a path is, decided before anything is sent.
- `side_file`: a file of our own next to another, which nobody else can have planted.
- `whole`: a file that is replaced when the new one is complete, and stays what it was.
- `packing`, `json_lines`: files that are compressed, written and read.
"""

__all__: list[str] = []
