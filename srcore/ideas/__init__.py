"""The experiment that tells what each idea is worth: its networks, trainings and contrasts."""
