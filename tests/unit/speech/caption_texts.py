"""A sentence about bread, in many languages."""

from __future__ import annotations

TEXTS = {
    "ru": "Хороший хлеб требует только четырёх вещей, и одна из них это время. Большинство людей торопят тесто.",
    "uk": "Хороший хліб потребує лише чотирьох речей, і одна з них це час. Більшість людей поспішають із тістом, їжа.",
    "bg": "Добрият хляб се нуждае само от четири неща и едно от тях е времето. Повечето хора бързат с тестото.",
    "ja": "良いパンに必要なのは四つのものだけで、そのうちの一つは時間です。ほとんどの人は生地を急がせます。",
    "zh-Hant": "好的麵包只需要四樣東西，其中之一是時間。大多數人都急著處理麵團，然後奇怪為什麼沒有味道。",
    "zh": "好的面包只需要四样东西，其中之一就是时间。大多数人都急着处理面团，然后奇怪为什么没有味道。",
    "ko": "좋은 빵에는 네 가지만 필요하며 그 중 하나는 시간입니다. 대부분의 사람들은 반죽을 서두릅니다.",
    "el": "Το καλό ψωμί χρειάζεται μόνο τέσσερα πράγματα και ένα από αυτά είναι ο χρόνος. Οι περισσότεροι βιάζονται.",
    "he": "לחם טוב צריך רק ארבעה דברים ואחד מהם הוא זמן. רוב האנשים ממהרים עם הבצק ואז תוהים למה אין לו טעם.",
    "ar": "الخبز الجيد يحتاج إلى أربعة أشياء فقط، وأحدها هو الوقت. معظم الناس يستعجلون العجين ثم يتساءلون.",
    "fa": "نان خوب فقط به چهار چیز نیاز دارد و یکی از آنها زمان است. بیشتر مردم خمیر را با عجله درست می کنند.",
    "tr": "İyi ekmek için sadece dört şey gerekir ve bunlardan biri zamandır. Çoğu insan hamuru aceleye getirir.",
    "cs": "Dobrý chléb potřebuje jen čtyři věci a jedna z nich je čas. Většina lidí spěchá s těstem a pak se diví.",
    "pl": "Dobry chleb potrzebuje tylko czterech rzeczy, a jedną z nich jest czas. Większość ludzi śpieszy się.",
    "hu": "A jó kenyérhez csak négy dolog kell, és ezek egyike az idő. A legtöbb ember sürgeti a tésztát, őrült.",
    "ro": "O pâine bună are nevoie doar de patru lucruri, iar unul dintre ele este timpul. Mulţi oameni grăbesc.",
    "de": "Gutes Brot braucht nur vier Dinge, und eines davon ist Zeit. Die meisten Leute überstürzen schöne Brötchen.",
    "fr": "Le bon pain n'a besoin que de quatre choses, et l'une d'elles est le temps. La pâte a déjà levé cet été.",
    "es": "El buen pan sólo necesita cuatro cosas, y una de ellas es el tiempo. ¿Qué pasó mañana con la señora?",
    "sv": "Bra bröd behöver bara fyra saker, och en av dem är tid. De flesta människor skyndar på degen på morgonen.",
    "th": "ขนมปังที่ดีต้องการเพียงสี่สิ่งและหนึ่งในนั้นคือเวลา คนส่วนใหญ่เร่งแป้งแล้วสงสัยว่าทำไม",
    "lt": "Gera duona reikalauja tik keturių dalykų, ir vienas iš jų yra laikas. Dauguma žmonių skuba su tešla.",
}
