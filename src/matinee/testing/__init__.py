"""Conformance checks for backends and models, shipped with the package. They need pytest, which only they import.

    class TestMyObjects(matinee.testing.objects.ObjectsContract):
        @pytest.fixture
        def open_objects(self, tmp_path):
            return lambda: MyObjects(tmp_path)

Each suite asks for one fixture: a function that opens the port on a place that is empty when the test begins, and
opens it again on the same place when called again, as another process would.
"""
