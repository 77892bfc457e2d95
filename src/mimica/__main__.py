"""`python -m mimica` is the command line."""

from mimica.cli.main import main

if __name__ == "__main__":
    main()
