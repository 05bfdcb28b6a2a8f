from typing import Any

from casework.commands import DoorCommand
from demo import arbitration, backlog, dispute, organisation, script
from demo.home import ForeignHome
from demo.play import DemoFailed, Play, shown
from demo.stage import Stage, padded


class Command(DoorCommand):
    help = "Starts a demo afresh in GONGDUAN_HOME and does the main job in front of you, up to the sealed award."

    def do(self, **_options: Any) -> None:
        stage = Stage(self.write)
        stage.line("Gongduan 公断: from a published score to a sealed award, in a demo database")
        stage.line()
        play = Play(stage)
        try:
            for act in (organisation, dispute, arbitration, backlog):
                act.run(play)
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
        stage.line(f"Done in {stage.seconds:.1f} s.")
        stage.line(f"The ruling 裁定书:     {shown(play.ruling)}")
        stage.line(f"The award 仲裁决定书:  {shown(play.award)}")
        stage.line("To check the award, and to look around:")
        stage.line(f"  export GONGDUAN_HOME={shown(play.award.parent)}")
        stage.line(f"  .venv/bin/python manage.py verify_document {shown(play.award)}")
        stage.line(f"  .venv/bin/python manage.py show_case {play.arbitration} --as ann")
