"""The long search for faults: hostile files, tables and command lines, kills and full disks."""
