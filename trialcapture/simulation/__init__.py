"""Simulated subjects: invented people whose course is played through the services, the same ones that pages call.

From the bottom: ``nature`` (growth, normal results), ``patient`` (one person's hidden truth), ``chart`` (what was
written of it, in memory), ``filling`` (a form's values), ``fitting`` (values that a criterion accepts or refuses),
``cast`` (who acts), ``playing`` (screening to end of study), ``people`` and ``demo`` (the demonstration's own set-up).
Everything is drawn from ``random.Random`` seeded by study, seed and subject, so a run can be repeated.
"""
