"""The main job: from a delivery of files to the registers."""

from panhuo.survey.checking import check_delivery
from panhuo.survey.config import Input, SurveyConfig, load_config
from panhuo.survey.finished import Finished, State, finished, status
from panhuo.survey.run import Result, open_survey, run
from panhuo.survey.starting import Guess, init

__all__ = [
    "Finished",
    "Guess",
    "Input",
    "Result",
    "State",
    "SurveyConfig",
    "check_delivery",
    "finished",
    "init",
    "load_config",
    "open_survey",
    "run",
    "status",
]
