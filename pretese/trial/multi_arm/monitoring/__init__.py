"""An ongoing trial of several arms compared with its plan."""
