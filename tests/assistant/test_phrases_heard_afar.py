"""What the phrasebook hears in scripts and grammars far from English: no spaces, joined words, particles behind."""

from __future__ import annotations

import pytest

from assistant.phrases import Phrasebook
from assistant.phrases.recogniser import fold, lexicon, tokens
from assistant.short_replies import LAST, short_replies
from tests.assistant.phrase_files import table

PERSON = {
    "el": [
        "Γεια σας, θέλω να μιλήσω με έναν άνθρωπο παρακαλώ!",
        "ΘΕΛΩ ΝΑ ΜΙΛΗΣΩ ΜΕ ΥΠΑΛΛΗΛΟ",
        "μπορώ να μιλήσω με κάποιον;",
        "συνδεστε με με εκπροσωπο τωρα",
        "Θα ήθελα να μιλήσω με έναν εκπρόσωπο για την παραγγελία μου",
        "θελω ανθρωπο οχι ρομποτ",
    ],
    "fa": [
        "سلام، میخوام با یه آدم واقعی صحبت کنم لطفا",
        "می‌خواهم با اپراتور صحبت کنم",
        "می خواهم با كارشناس صحبت كنم",
        "اپراتور!!!",
        "لطفا منو به اپراتور وصل کنید",
        "میخوام با یه نفر صحبت کنم در مورد سفارشم",
    ],
    "he": [
        "אפשר לדבר עם נציג אנושי בבקשה?",
        "אני רוצה לדבר עם בן אדם אמיתי",
        "נציג!!!",
        "תעבירו אותי בבקשה לנציג שירות",
        "שלום, אני צריך נציג דחוף",
        "אני רוצה לדבר עם נציג לגבי ההזמנה שלי",
        "אני רוצה לדבר עם נציג בנוגע להזמנה",
    ],
    "hi": [
        "मुझे किसी इंसान से बात करनी है",
        "कृपया मुझे एजेंट से कनेक्ट करें",
        "एजेंट!!!",
        "क्या मैं किसी प्रतिनिधि से बात कर सकता हूँ?",
        "mujhe customer care agent se baat karni hai",
        "मुझे अपने ऑर्डर के बारे में किसी इंसान से बात करनी है",
    ],
    "hy": [
        "Բարև ձեզ, ուզում եմ խոսել իրական մարդու հետ",
        "Կարո՞ղ եմ խոսել օպերատորի հետ",
        "ՕՊԵՐԱՏՈՐ",
        "միացրեք ինձ օպերատորի հետ, խնդրում եմ",
        "ինձ կենդանի մարդ է պետք",
        "barev dzez, uzum em xosel operatori het",
    ],
    "id": [
        "Halo, saya mau bicara dengan orang asli dong",
        "Tolong hubungkan saya ke petugas",
        "CS MANUSIA",
        "bisa bicara sama admin?",
        "saya ingin berbicara dengan manusia bukan robot",
        "Saya mau bicara dengan petugas tentang pesanan saya",
    ],
    "ja": [
        "すみません、人と話したいです",
        "オペレーターにつないでください",
        "担当者と話せますか",
        "ｵﾍﾟﾚｰﾀｰ",
        "人間のオペレーターをお願いします",
        "ロボットではなく、人と話したいです",
        "注文について、担当者と話したいのですが",
    ],
    "ka": [
        "გამარჯობა, შეიძლება ოპერატორთან დალაპარაკება?",
        "ოპერატორი მინდა ახლავე",
        "დამაკავშირეთ გთხოვთ ცოცხალ ადამიანთან",
        "ადამიანთან ლაპარაკი მინდა და არა ბოტთან",
        "operatortan dalaparakeba minda",
    ],
    "kk": [
        "Сәлеметсіз бе, тірі адаммен сөйлескім келеді",
        "операторға қосыңызшы",
        "ОПЕРАТОР КЕРЕК",
        "маған маман керек, бот емес",
        "Тапсырыс туралы оператормен сөйлескім келеді",
        "маган оператор керек",
    ],
    "ko": [
        "안녕하세요, 상담원과 통화하고 싶어요",
        "상담원 바로 연결해 주세요",
        "제발 사람이랑 얘기하고 싶어요",
        "상담원!!!",
        "로봇 말고 상담원 연결해줘",
        "주문 관련해서 상담원과 통화하고 싶습니다",
    ],
    "pt-BR": [
        "oi, quero falar com um atendente pfv",
        "me transfere pra um atendente agora",
        "tem como falar com alguém?",
        "ATENDENTE",
        "não quero robô, quero falar com gente de verdade",
        "queria falar com um atendente sobre o meu pedido",
    ],
    "vi": [
        "Cho tôi nói chuyện với nhân viên tư vấn ạ",
        "toi muon gap nhan vien",
        "NHÂN VIÊN",
        "Xin chào, tôi muốn nói chuyện với người thật",
        "làm ơn kết nối tôi với tổng đài viên ngay",
        "Tôi muốn nói chuyện với nhân viên về đơn hàng của tôi",
    ],
    "zh-Hant": [
        "請幫我轉接真人客服",
        "我要找真人，謝謝",
        "可以跟真人說話嗎？",
        "麻煩轉客服",
        "你好，我想與專人聯絡",
        "真人真人真人",
    ],
}

NOT_PERSON = [
    "Ποιος εκπρόσωπος φέρνει το δέμα;",
    "Μπορεί άλλος άνθρωπος να παραλάβει το δέμα;",
    "πόσα άτομα χωράει το δωμάτιο",
    "آیا شخص دیگری می‌تواند بسته را تحویل بگیرد؟",
    "اپراتور تلفن همراه پرداخت را قبول نمی‌کند",
    "האם אדם אחר יכול לאסוף את החבילה?",
    "נציג המשלוחים לא הגיע",
    "क्या कोई दूसरा व्यक्ति पार्सल ले सकता है?",
    "मेरा ऑर्डर कब आएगा?",
    "पैसे वापस कैसे मिलेंगे",
    "बात नहीं बनी",
    "एजेंट ने पैसे ज़्यादा लिए",
    "Կարո՞ղ է ուրիշ մարդ վերցնել ծանրոցը",
    "օպերատորը չի ընդունում վճարումը",
    "Apakah orang lain bisa mengambil paket saya?",
    "berapa orang boleh menginap",
    "operator seluler saya menolak pembayaran",
    "別の人が荷物を受け取れますか",
    "担当者の電話番号は変わりましたか",
    "人数を変更したい",
    "スタッフの募集はありますか",
    "注文をキャンセルしたいです",
    "შეუძლია სხვა ადამიანს ამანათის აღება?",
    "ოპერატორი არ იღებს გადახდას",
    "Пакетті басқа адам ала ала ма?",
    "оператор төлемді қабылдамайды",
    "다른 사람이 택배를 받을 수 있나요?",
    "사람 수를 바꾸고 싶어요",
    "주문을 취소하고 싶어요",
    "Alguém mais pode retirar a encomenda?",
    "qual operadora entrega o pedido",
    "Người khác có thể nhận hàng giúp tôi không?",
    "nhân viên giao hàng không gọi cho tôi",
    "quản lý gói dịch vụ ở đâu",
    "khách hàng, nhân viên, bạn bè: ai được giảm giá?",
    "hosting, layanan pelanggan, dan pengiriman termasuk?",
    "担当者は、いつ電話をくれますか",
    "אני בן אדם, ואתם?",
    "其他人可以幫我領包裹嗎",
    "真人客服幾點上班",
    "客服專員打錯我的名字",
]

REFUSALS = [
    "δεν θέλω να μιλήσω με άνθρωπο",
    "نمی‌خواهم با اپراتور صحبت کنم",
    "אני לא רוצה לדבר עם נציג",
    "मुझे किसी इंसान से बात नहीं करनी है",
    "չեմ ուզում խոսել օպերատորի հետ",
    "saya tidak mau bicara dengan petugas",
    "オペレーターと話したくない",
    "オペレーターは不要です",
    "ოპერატორთან საუბარი არ მინდა",
    "оператормен сөйлескім келмейді",
    "상담원과 통화하고 싶지 않아요",
    "não quero falar com nenhum atendente",
    "tôi không muốn nói chuyện với nhân viên",
    "我不要真人客服",
]

NONE_OF_THESE = [
    "τίποτα από αυτά, ευχαριστώ",
    "هیچ کدام از این ها، ممنون",
    "אף אחת מאלה, תודה",
    "इनमें से कोई नहीं, धन्यवाद",
    "Սրանցից ոչ մեկը, շնորհակալություն",
    "bukan salah satu dari ini, terima kasih",
    "どれも違います、すみません",
    "არცერთი მათგანი, გმადლობთ",
    "бұлардың ешқайсысы емес, рақмет",
    "이 중에 없어요, 감사합니다",
    "nenhuma dessas, obrigado",
    "không câu nào đúng ạ",
    "以上皆非，謝謝",
]

SOMETHING_ELSE = [
    "δεν έχω λογαριασμό",
    "شماره دیگری ندارم",
    "לא קיבלתי את החבילה",
    "זה לא אני",
    "मुझे नहीं मिला",
    "ոչ մի նամակ չի եկել",
    "tidak bisa masuk",
    "いいえ、まだ届いていません",
    "არ მუშაობს",
    "тапсырыс келген жоқ",
    "아니요 아직 안 왔어요",
    "não consigo entrar",
    "không đăng nhập được",
    "沒有收到包裹",
]


@pytest.fixture(scope="module")
def book() -> Phrasebook:
    return Phrasebook()


@pytest.mark.parametrize(("language", "text"), [(tag, text) for tag, texts in PERSON.items() for text in texts])
def test_a_request_for_a_person_is_heard_however_it_is_typed(book: Phrasebook, language: str, text: str) -> None:
    assert book.is_person_request(text)


@pytest.mark.parametrize("language", PERSON)
def test_it_is_tried_with_messages_that_the_file_does_not_list(language: str) -> None:
    ways = table(language)["recognise"]
    listed = {*map(fold, ways["person"]), *map(fold, ways["person_alone"])}
    assert len({fold(text) for text in PERSON[language]} - listed) >= 4


@pytest.mark.parametrize("text", [*NOT_PERSON, *REFUSALS, *NONE_OF_THESE, *SOMETHING_ELSE])
def test_everything_else_is_no_request_for_a_person(book: Phrasebook, text: str) -> None:
    assert not book.is_person_request(text)


@pytest.mark.parametrize("text", NONE_OF_THESE)
def test_none_of_these_is_heard_with_courtesy(book: Phrasebook, text: str) -> None:
    assert book.is_none_of_these(text)


@pytest.mark.parametrize("text", [*SOMETHING_ELSE, *NOT_PERSON, *REFUSALS])
def test_none_of_these_is_not_read_into_another_answer(book: Phrasebook, text: str) -> None:
    assert not book.is_none_of_these(text)


@pytest.mark.parametrize(
    ("language", "text", "place"),
    [
        ("el", "το δεύτερο παρακαλώ", 2),
        ("fa", "گزینهٔ دوم لطفا", 2),
        ("he", "האפשרות השנייה בבקשה", 2),
        ("he", "התכוונתי לשני", 2),
        ("hi", "दूसरा वाला", 2),
        ("hy", "երկրորդը, խնդրում եմ", 2),
        ("id", "yang terakhir kak", LAST),
        ("ja", "2番目でお願いします", 2),
        ("ja", "最後のものです", LAST),
        ("ka", "მე-3", 3),
        ("kk", "үшінші сұрақ", 3),
        ("ko", "두 번째요", None),
        ("ko", "두 번째 거요", 2),
        ("ko", "1번이요", None),
        ("ko", "1번 이요", 1),
        ("pt-BR", "a última, por favor", LAST),
        ("vi", "tôi chọn câu thứ hai ạ", 2),
        ("zh-Hant", "我選第二題，謝謝", 2),
        ("zh-Hant-TW", "最後一個", LAST),
        ("ja", "注文した2番目の商品が届きません", None),
        ("hi", "दूसरा पार्सल खो गया", None),
        ("he", "החבילה השנייה אבדה", None),
    ],
)
def test_a_choice_is_named_in_words(language: str, text: str, place: int | None) -> None:
    assert short_replies().ordinal(text, language) == place


@pytest.mark.parametrize(
    "text",
    [
        "σας ευχαριστώ πολύ!",
        "خیلی ممنون، خداحافظ",
        "תודה רבה, יום טוב",
        "ठीक है, धन्यवाद",
        "շատ շնորհակալություն",
        "oke kak, makasih",
        "わかりました。ありがとうございます！",
        "დიდი მადლობა",
        "түсінікті, рахмет",
        "네 알겠습니다. 감사합니다~",
        "blz, vlw",
        "dạ cảm ơn ạ",
        "好的，謝謝您",
    ],
)
def test_thanks_are_heard(text: str) -> None:
    assert short_replies().is_thanks(text)


@pytest.mark.parametrize(
    "text", ["ありがとうございますが、まだ届きません", "감사합니다 그런데 언제 오나요", "תודה אבל איפה זה", "ճիշտ է՞"]
)
def test_thanks_with_a_question_are_none(text: str) -> None:
    assert not short_replies().is_thanks(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("इंसान से बात", ["इंसान", "से", "बात"]),
        ("ज़रूर हाँ", ["जरूर", "हां"]),
        ("ｵﾍﾟﾚｰﾀｰにつないで", ["オペレーター", "に", "つないで"]),
        ("상담원과", ["상담원과"]),
        ("ինչպե՞ս։", ["ինչպես", "։"]),
        ("می‌خواهم", ["ميخواهم"]),
        ("ความช่วยเหลือ", ["ความช่วยเหลือ"]),
    ],
)
def test_words_are_found_whole_in_every_script(text: str, words: list[str]) -> None:
    assert tokens(fold(text), lexicon(["オペレーター", "に", "つないで"])) == words
