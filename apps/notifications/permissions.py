from django.utils.translation import gettext_lazy as _

from apps.common.permissions import EVERYONE, Permission

READ_INBOX = Permission("notifications.read_inbox", _("Read one's own notices"), EVERYONE)
