"""Spreadsheets that people download: the template to fill in, and rows with what is wrong with them.

Plain XlsxWriter, no Odoo. Every value is written as text, a number or a date, never as a formula.
"""

from .annotated import write_annotated
from .template import TemplateLine, TemplateTexts, write_template

__all__ = ["TemplateLine", "TemplateTexts", "write_annotated", "write_template"]
