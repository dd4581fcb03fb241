"""Casebooks, CRFs and worksheets as PDF: what stands in them. How a page looks is ``apps.common.pdf``."""
