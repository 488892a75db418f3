"""The table of `make bench`: each work before and now, its best peer, and the least it can take."""
