"""Arguments of the public interface: checked, and named in every message."""
