"""``python -m pretese`` is the command line."""

from pretese.cli import main

if __name__ == "__main__":
    main()
