"""Search training runs: `python pipelines/sweep.py [KEY=SPACE] [GROUP=CHOICE] [KEY=VALUE] ...`."""

from latentsweep.command import sweep_command

if __name__ == "__main__":
    sweep_command()
