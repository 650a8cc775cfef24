"""The commands, one module each. Each loads what it needs only when it runs, so that `parkplan --help` is quick."""
