"""Messages about a sealed matter do not exist for those who are not named on it; nor do others' for a citizen."""

from tests.support.world import World

from xinqiao.intake import services as intake
from xinqiao.notices import selectors
from xinqiao.notices.models import Delivery, Message
from xinqiao.people.access import acting
from xinqiao.people.actors import CITIZEN, SYSTEM

SAID = intake.Words(text="城管局一位科长收了沙场老板的烟酒，对夜里偷运渣土不管。", area_code="330105003")
WHO = intake.Who(
    reporter="person", people=[("petitioner", intake.PersonData(name="吴声", phone="19900005678"))], about_official=True
)


def test_sealed_messages_show_to_the_keeper_alone(world: World) -> None:
    case = world.receive(said=SAID, who=WHO).case
    open_case = world.receive().case
    with acting(world.actor("keeper")):
        assert selectors.of_case(case.id)
    for login in ("officer", "window", "cg.head", "discipline"):
        actor = world.actor(login)
        with acting(actor):
            assert selectors.of_case(case.id) == []
            assert not Delivery.objects.filter(message__case_id=case.id).exists()
            page = selectors.notices_page(actor=actor, cases=[case.id, open_case.id])
            assert case.id not in {row.message.case_id for row in page.rows}


def test_a_citizen_sees_messages_of_their_own_matter_only(world: World) -> None:
    mine, other = world.receive().case, world.receive().case
    with acting(CITIZEN({mine.id})):
        assert selectors.of_case(mine.id, to_petitioner=True)
        assert selectors.of_case(other.id) == []
    with acting(CITIZEN()):
        assert not Message.objects.exists()


def test_the_demonstrations_page_is_read_as_the_system_that_sees_nothing_sealed(world: World) -> None:
    case = world.receive(said=SAID, who=WHO).case
    with acting(SYSTEM("demonstration")):
        assert not Message.objects.filter(case_id=case.id).exists()
