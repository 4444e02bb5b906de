"""The embedded PostgreSQL: started in the server's data directory, stopped with it. `server.py` is the way in."""

from saperly_server.core.data_dir import DataDirInUse, DataDirNotWritable

from .faults import EmbeddedPostgresFailed
from .programs import installed_programs
from .server import EmbeddedPostgres

__all__ = ["DataDirInUse", "DataDirNotWritable", "EmbeddedPostgres", "EmbeddedPostgresFailed", "installed_programs"]
