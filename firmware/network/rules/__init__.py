"""The page's part about rules: schedules as a week that one paints, special days, access profiles."""
