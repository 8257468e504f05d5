/** Where invented people come from: names in their own script with a Latin spelling for the address. */
export interface Country {
  readonly locale: string
  readonly zones: ReadonlyArray<string>
  readonly dial: string
  readonly first: ReadonlyArray<readonly [name: string, latin: string]>
  readonly last: ReadonlyArray<readonly [name: string, latin: string]>
  readonly familyFirst: boolean
  /** Between family and given name when the family name comes first. */
  readonly space: string
}

const same = (names: string): ReadonlyArray<readonly [string, string]> =>
  names.split(" ").map((name) => {
    // Combining marks fall off; the few letters that do not decompose are spelled out.
    const latin = name
      .normalize("NFD")
      .replace(/\p{M}/gu, "")
      .replace(
        /[øØłŁßæıđĐ’']/g,
        (letter) => ({ ø: "o", Ø: "o", ł: "l", Ł: "l", ß: "ss", æ: "ae", ı: "i", đ: "d", Đ: "d" })[letter] ?? "",
      )
    return [name, latin] as const
  })

const spelled = (pairs: string): ReadonlyArray<readonly [string, string]> =>
  pairs.split(" ").map((pair) => {
    const [name = "", latin = ""] = pair.split("=")
    return [name, latin] as const
  })

const country = (
  locale: string,
  zones: string,
  dial: string,
  first: Country["first"],
  last: Country["last"],
  order: Partial<Pick<Country, "familyFirst" | "space">> = {},
): Country => ({ locale, zones: zones.split(" "), dial, first, last, familyFirst: false, space: " ", ...order })

export const countries: ReadonlyArray<Country> = [
  country(
    "en-US",
    "America/New_York America/Chicago America/Denver America/Los_Angeles America/Phoenix Pacific/Honolulu",
    "+1",
    same("Olivia Liam Emma Noah Ava Elijah Mia Grace Henry June"),
    same("Johnson Williams O'Brien Davis Martinez Lee Parker Bennett"),
  ),
  country(
    "en-GB",
    "Europe/London",
    "+44",
    same("Amelia Oliver Isla George Freya Alfie"),
    same("Smith Taylor Hughes O’Neill Fraser Clarke"),
  ),
  country(
    "de-DE",
    "Europe/Berlin",
    "+49",
    same("Jürgen Änne Sören Käthe Maximilian Zoë Günther Lena"),
    same("Müller Schäfer Groß Köhler Weiß Özdemir Yılmaz Jäger"),
  ),
  country(
    "de-AT",
    "Europe/Vienna",
    "+43",
    same("Leopold Magdalena Franz Elfriede"),
    same("Gruber Höllerer Pichler Mößmer"),
  ),
  country(
    "fr-FR",
    "Europe/Paris America/Martinique",
    "+33",
    same("Chloé François Hélène Loïc Anaïs Noël"),
    same("Lefèvre Béranger Garçon D’Aubigné Moreau"),
  ),
  country(
    "es-ES",
    "Europe/Madrid Atlantic/Canary",
    "+34",
    same("José María Íñigo Begoña Álvaro Lucía"),
    same("García Núñez Muñoz Ibáñez Peña"),
  ),
  country(
    "pt-BR",
    "America/Sao_Paulo America/Manaus",
    "+55",
    same("João Conceição Antônio Luíza Thaís"),
    same("Gonçalves Araújo Simões Brandão"),
  ),
  country(
    "pl-PL",
    "Europe/Warsaw",
    "+48",
    same("Łukasz Małgorzata Stanisław Żaneta"),
    same("Wiśniewski Błaszczyk Źrebiec Dąbrowska"),
  ),
  country("nb-NO", "Europe/Oslo", "+47", same("Bjørn Åse Øyvind Sølvi"), same("Sæther Ødegård Bråten")),
  country("vi-VN", "Asia/Ho_Chi_Minh", "+84", same("Đức Hương Tuấn Thảo"), same("Nguyễn Trần Phạm"), {
    familyFirst: true,
  }),
  country("tr-TR", "Europe/Istanbul", "+90", same("Işıl İbrahim Çağla Oğuz"), same("Şahin Kılıç Güneş")),
  country(
    "ar-EG",
    "Africa/Cairo Asia/Dubai Africa/Casablanca",
    "+20",
    spelled("محمد=mohamed فاطمة=fatima أحمد=ahmed ليلى=layla يوسف=youssef"),
    spelled("الحداد=alhaddad منصور=mansour النجار=alnajjar خليل=khalil"),
  ),
  country(
    "he-IL",
    "Asia/Jerusalem",
    "+972",
    spelled("נועה=noa דוד=david תמר=tamar איתן=eitan"),
    spelled("כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz"),
  ),
  country(
    "ja-JP",
    "Asia/Tokyo",
    "+81",
    spelled("陽菜=hina 蓮=ren さくら=sakura 大翔=hiroto"),
    spelled("佐藤=sato 鈴木=suzuki 高橋=takahashi 渡辺=watanabe"),
    { familyFirst: true },
  ),
  country(
    "zh-CN",
    "Asia/Shanghai",
    "+86",
    spelled("伟=wei 秀英=xiuying 明=ming 丽=li"),
    spelled("王=wang 李=li 张=zhang 欧阳=ouyang"),
    {
      familyFirst: true,
      space: "",
    },
  ),
  country(
    "ko-KR",
    "Asia/Seoul",
    "+82",
    spelled("민준=minjun 서연=seoyeon 지우=jiwoo"),
    spelled("김=kim 이=lee 박=park"),
    { familyFirst: true, space: "" },
  ),
  country(
    "hi-IN",
    "Asia/Kolkata",
    "+91",
    spelled("आरव=aarav अनन्या=ananya प्रिया=priya"),
    spelled("शर्मा=sharma पटेल=patel सिंह=singh"),
  ),
  country(
    "el-GR",
    "Europe/Athens",
    "+30",
    spelled("Γιώργος=giorgos Ελένη=eleni Νίκος=nikos"),
    spelled("Παπαδόπουλος=papadopoulos Οικονόμου=oikonomou"),
  ),
  country(
    "uk-UA",
    "Europe/Kyiv",
    "+380",
    spelled("Олена=olena Андрій=andrii Їжак=yizhak"),
    spelled("Шевченко=shevchenko Коваленко=kovalenko"),
  ),
  country(
    "en-AU",
    "Australia/Sydney Australia/Perth Australia/Lord_Howe",
    "+61",
    same("Matilda Jack Ruby"),
    same("Wilson Nguyen Kelly"),
  ),
  country("en-NZ", "Pacific/Auckland Pacific/Chatham", "+64", same("Aroha Tāne Ngaio"), same("Ngata Te’Kanawa Harris")),
  country("en-IN", "Asia/Kolkata Asia/Kathmandu", "+91", same("Asha Ravi Meera"), same("Iyer Rao D’Souza")),
]

/** Reserved domains, some of them internationalised. */
export const domains: ReadonlyArray<string> = [
  "mail.test",
  "mail.test",
  "post.example",
  "post.example",
  "garden.test",
  "sub.department.university.example",
  "bücher.test",
  "gärtnerei-müller.example",
  "日本語.test",
  "почта.example",
  "مثال.test",
  "xn--mnchen-3ya.test",
]
