"""The lookout: does the search ever show what PostgreSQL refuses, or miss what it takes?"""
