"""*Fix picture*, the same on the author's and on the decider's card: numbered boxes, the grid, what can be lifted."""

from bot import fix_page
from bot.card_parts import CardParts, button
from bot.chat_app import Button, Card, Picture, Weight
from bot.drawing import pending
from bot.fix_page import FixPage
from bot.outbox import SlotKind
from bot.view import PostView
from moderation import agreement, picture_fix
from moderation.finding import BoxKind
from moderation.post import PictureState, PostPicture

_ROWS = ((1, 2, 3), (4, 5, 6), (7, 8, 9))
_BUTTONS_A_ROW = 3


class FixParts(CardParts):
    """Cards with these pages. An author only covers more; a decider may lift what is not hard."""

    def _fix(self, view: PostView, title: str) -> Card | None:
        """The page that the slot names; None if it is about something else, or there is no picture to fix."""
        page, fixable = fix_page.read(view.slot.page), view.fixable
        if page is None or not fixable:
            return None
        if page.picture is None and len(fixable) > 1:
            return self._choose(view, title)
        picture = next((p for p in fixable if page.picture in (p.id, None)), None)
        if picture is None:
            return None
        match page.what:
            case fix_page.ADD:
                return self._grid(view, title, picture, page.cell)
            case fix_page.LIFT if view.slot.kind is SlotKind.DECIDER and page.cell is not None:
                return self._confirm(view, title, picture, page.cell)
            case _:
                return self._boxes(view, title, picture)

    def _choose(self, view: PostView, title: str) -> Card:
        say, slot = self._say(view), view.slot
        row = tuple(
            button(slot, "page", say("card.button.picture", n=number), FixPage(fix_page.LOOK, picture.id))
            for number, picture in enumerate(view.fixable, 1)
        )
        lines = (say("card.which_picture"),)
        return Card(title, pictures=view.shown_pictures(), lines=lines, rows=(row, (self._back(view),)))

    def _boxes(self, view: PostView, title: str, picture: PostPicture) -> Card:
        say, slot = self._say(view), view.slot
        lines = [say("card.boxes" if picture.boxes or picture.added else "card.no_boxes")]
        lines += [self._box_line(view, picture, index) for index in range(len(picture.boxes))]
        lines += self._locked_lines(view, picture)
        if picture.state is PictureState.HELD or pending(picture):
            lines.append(say("card.covered_anew"))
        add = button(slot, "page", say("card.button.add_box"), FixPage(fix_page.ADD, picture.id), weight=Weight.MAIN)
        rows = [(add,), *self._lift_rows(view, picture), (self._back(view),)]
        return Card(title, pictures=self._drawing(view, picture), lines=tuple(lines), rows=tuple(rows))

    def _box_line(self, view: PostView, picture: PostPicture, index: int) -> str:
        say = self._say(view)
        kind = say(f"card.box_kind.{picture.boxes[index]['kind']}")
        open_now = self._left_open(view, picture, index) if index in picture.lifted else ""
        shut = index in picture.hard or (index not in picture.lifted and self._is_locked_face(view, picture, index))
        return f"{index + 1} {kind}{open_now}{' 🔒' if shut else ''}"

    def _left_open(self, view: PostView, picture: PostPicture, index: int) -> str:
        """That it is open; of a face, by whose agreement."""
        say = self._say(view)
        if index not in agreement.open_faces(picture):
            return say("card.left_open")
        locked = agreement.faces_locked(view.post, view.agreeing)
        if locked or not agreement.stands(picture, index, view.agreeing):
            return say("card.left_open_by_nobody")
        people = ", ".join(view.name(officer_id) for officer_id in agreement.leaned_on(picture, index))
        return say("card.left_open_by", officers=people)

    def _is_locked_face(self, view: PostView, picture: PostPicture, index: int) -> bool:
        why = agreement.faces_locked(view.post, view.agreeing) if view.slot.kind is SlotKind.DECIDER else None
        return why is not None and picture.boxes[index]["kind"] == BoxKind.FACE.value

    def _locked_lines(self, view: PostView, picture: PostPicture) -> list[str]:
        """Why no face can be left open, for whoever decides; in a video nothing is."""
        if picture.video or not any(self._is_locked_face(view, picture, i) for i in range(len(picture.boxes))):
            return []
        return [self._say(view)(agreement.faces_locked(view.post, view.agreeing) or "")]

    def _lift_rows(self, view: PostView, picture: PostPicture) -> list[tuple[Button, ...]]:
        if view.slot.kind is not SlotKind.DECIDER:
            return []
        buttons = [self._lift_button(view, picture, index) for index in range(len(picture.boxes))]
        shown = [one for one in buttons if one is not None]
        return [tuple(shown[i : i + _BUTTONS_A_ROW]) for i in range(0, len(shown), _BUTTONS_A_ROW)]

    def _lift_button(self, view: PostView, picture: PostPicture, index: int) -> Button | None:
        say, slot, revision = self._say(view), view.slot, view.post.revision
        if index in picture.lifted:
            label = say("card.button.shut_box", box=index + 1)
            return button(slot, "shut", label, f"{picture.id}-{index}", revision)
        if not picture_fix.may_lift(view.post, picture, index, view.agreeing):
            return None
        label = say("card.button.lift_box", box=index + 1)
        if picture.boxes[index]["kind"] == BoxKind.FACE.value:
            return button(slot, "page", label, FixPage(fix_page.LIFT, picture.id, index))
        return button(slot, "lift", label, f"{picture.id}-{index}", revision)

    def _confirm(self, view: PostView, title: str, picture: PostPicture, index: int) -> Card:
        """A face is shown only when somebody says that it is of one of those who agreed."""
        say, slot = self._say(view), view.slot
        yes = button(
            slot, "lift", say("card.button.show_face"), f"{picture.id}-{index}", view.post.revision, Weight.DANGER
        )
        back = button(slot, "page", say("card.button.back"), FixPage(fix_page.LOOK, picture.id))
        rows: tuple[tuple[Button, ...], ...] = ((yes,), (back,))
        people = ", ".join(person.call_sign for person in view.agreeing)
        line = say("card.show_face", number=index + 1, officers=people)
        if not picture_fix.may_lift(view.post, picture, index, view.agreeing):
            rows, line = ((back,),), say(agreement.faces_locked(view.post, view.agreeing) or "queue.hard")
        lines = (line,)
        return Card(title, pictures=view.shown_pictures()[:1], lines=lines, rows=rows)

    def _grid(self, view: PostView, title: str, picture: PostPicture, cell: int | None) -> Card:
        say, slot = self._say(view), view.slot

        def square(number: int) -> Button:
            if cell is None:
                return button(slot, "page", str(number), FixPage(fix_page.ADD, picture.id, number))
            return button(slot, "add", str(number), f"{picture.id}-{cell}-{number}")

        rows = [tuple(square(number) for number in row) for row in _ROWS]
        if cell is not None:
            rows.append((button(slot, "add", say("card.button.whole_square"), f"{picture.id}-{cell}"),))
        before = FixPage(fix_page.LOOK if cell is None else fix_page.ADD, picture.id)
        rows.append((button(slot, "page", say("card.button.back"), before),))
        lines = (say("card.which_square" if cell is None else "card.which_inside", number=cell),)
        return Card(title, pictures=self._drawing(view, picture), lines=lines, rows=tuple(rows))

    def _drawing(self, view: PostView, picture: PostPicture) -> tuple[Picture, ...]:
        path = view.drawn or view.setting.media / f"{picture.sha256}.jpg"
        return (Picture(path, picture.alt),)
