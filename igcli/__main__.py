"""``python -m igcli`` is ``ig``."""

from igcli.cli.main import main

if __name__ == "__main__":
    main()
