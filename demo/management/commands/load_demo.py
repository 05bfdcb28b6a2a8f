from typing import Any

from casework.commands import DoorCommand
from demo import script
from demo.home import ForeignHome
from demo.play import DemoFailed, Play, shown
from demo.stage import Stage, padded


class Command(DoorCommand):
    help = "Starts a demo afresh in GONGDUAN_HOME and does the main job in front of you, up to the sealed ruling."

    def do(self, **_options: Any) -> None:
        stage = Stage(self.write)
        stage.line("Gongduan 公断: from a published score to a sealed ruling, in a demo database")
        stage.line()
        play = Play(stage)
        try:
            play.run()
        except (ForeignHome, DemoFailed) as problem:
            self.fail(str(problem))
        self.tell_logins(play, stage)

    def write(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def tell_logins(self, play: Play, stage: Stage) -> None:
        stage.line()
        stage.line("Logins and passwords, shown only now:")
        for part, logins in script.CAST.items():
            pairs = "".join(padded(f"{login} {play.passwords[login]}", 22) for login in logins)
            stage.line(f"  {padded(part, 22)} {pairs}".rstrip())
        stage.line()
        stage.line(f"Done in {stage.seconds:.1f} s. The ruling: {shown(play.ruling)}")
        stage.line("To look around:")
        stage.line(f"  export GONGDUAN_HOME={shown(play.ruling.parent)}")
        stage.line(f"  .venv/bin/python manage.py show_case {play.dispute} --as ann")
