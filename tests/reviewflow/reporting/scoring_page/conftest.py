"""The browser of the report's tests."""

from tests.reviewflow.reporting.page.test_html import browser as browser
