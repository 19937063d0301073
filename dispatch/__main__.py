"""`python -m dispatch`: the same as the command `wangge`."""

from dispatch.cli import main

if __name__ == "__main__":
    main()
