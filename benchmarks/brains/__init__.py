"""What does it cost that the brain is somebody else's program?"""
