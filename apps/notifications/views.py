from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.common.pages import keyset_page
from apps.notifications import selectors, services


@login_required
@require_safe
def inbox(request):
    """One's own notices, newest first."""
    notices = selectors.inbox_of(request.actor)
    only_unread = request.GET.get("unread") == "1"
    if only_unread:
        notices = notices.filter(read_at=None)
    context = {"page": keyset_page(notices, request.GET, size=50), "only_unread": only_unread}
    return render(request, "notifications/inbox.html", context)


@login_required
@require_POST
def open_notice(request, pk):
    """Mark a notice read and go where it leads."""
    notice = services.mark_read(request.actor, selectors.get_notice_for(request.actor, pk))
    return redirect(notice.link or "notifications:inbox")
