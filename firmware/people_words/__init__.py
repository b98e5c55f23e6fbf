"""What is asked of the people process, and what it answers: of holders, of jobs, of rules, of imports. Structs only."""
