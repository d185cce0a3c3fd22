import unittest

from pack import lower


class Pack(unittest.TestCase):
    def test_only_the_cluster_is_lowered(self) -> None:
        needs = '{ kubectl = ">=1.28" },\n{ cluster = ">=1.32" },\n'
        lowered = '{ kubectl = ">=1.28" },\n{ cluster = ">=1.20" },\n'
        self.assertEqual(lower(needs, "1.20"), lowered)


if __name__ == "__main__":
    unittest.main()
