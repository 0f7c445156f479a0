package ledger

// What the tokenizer unicode61 of SQLite's FTS5 takes for a letter or a digit (its Unicode is an old one: what has come since
// counts as a letter, many emoji too), and how it spells it. TestTokensOfSQLite compares these tables with SQLite itself, for
// all characters; the ASCII ones are in tokens.go.

// letters are ranges of characters, in hexadecimal.
const letters = `
	AA B2-B3 B5 B9-BA BC-BE C0-D6 D8-F6 F8-2C1 2C6-2D1 2E0-2E4 2EC 2EE 370-374 376-37D 37F-383 386 388-3F5 3F7-481 48A-559
	560-588 58B-58E 590 5C8-5F2 5F5-5FF 605 61C-61D 620-64A 660-669 66E-66F 671-6D3 6D5 6E5-6E6 6EE-6FC 6FF 70E 710
	712-72F 74B-7A5 7B1-7EA 7F4-7F5 7FA-815 81A 824 828 82E-82F 83F-858 85C-85D 85F-8E3 8FF 904-939 93D 950 958-961
	966-96F 971-980 984-9BB 9BD 9C5-9C6 9C9-9CA 9CE-9D6 9D8-9E1 9E4-9F1 9F4-9F9 9FC-A00 A04-A3B A3D A43-A46 A49-A4A
	A4E-A50 A52-A6F A72-A74 A76-A80 A84-ABB ABD AC6 ACA ACE-AE1 AE4-AEF AF2-B00 B04-B3B B3D B45-B46 B49-B4A B4E-B55
	B58-B61 B64-B6F B71-B81 B83-BBD BC3-BC5 BC9 BCE-BD6 BD8-BF2 BFB-C00 C04-C3D C45 C49 C4E-C54 C57-C61 C64-C7E C80-C81
	C84-CBB CBD CC5 CC9 CCE-CD4 CD7-CE1 CE4-D01 D04-D3D D45 D49 D4E-D56 D58-D61 D64-D78 D7A-D81 D84-DC9 DCB-DCE DD5 DD7
	DE0-DF1 DF5-E30 E32-E33 E3B-E3E E40-E46 E50-E59 E5C-EB0 EB2-EB3 EBA EBD-EC7 ECE-F00 F20-F33 F40-F70 F88-F8C F98 FBD
	FCD FDB-102A 103F-1049 1050-1055 105A-105D 1061 1065-1066 106E-1070 1075-1081 108E 1090-1099 10A0-10FA 10FC-135C
	1369-138F 139A-13FF 1401-166C 166F-167F 1681-169A 169D-16EA 16EE-1711 1715-1731 1737-1751 1754-1771 1774-17B3 17D7
	17DC 17DE-17FF 180F-18A8 18AA-191F 192C-192F 193C-193F 1941-1943 1946-19AF 19C1-19C7 19CA-19DD 1A00-1A16 1A1C-1A1D
	1A20-1A54 1A5F 1A7D-1A7E 1A80-1A9F 1AA7 1AAE-1AFF 1B05-1B33 1B45-1B59 1B7D-1B7F 1B83-1BA0 1BAE-1BE5 1BF4-1BFB
	1C00-1C23 1C38-1C3A 1C40-1C7D 1C80-1CBF 1CC8-1CCF 1CE9-1CEC 1CEE-1CF1 1CF5-1DBF 1DE7-1DFB 1E00-1FBC 1FBE 1FC2-1FCC
	1FD0-1FDC 1FE0-1FEC 1FF0-1FFC 1FFF 2065-2069 2070-2079 207F-2089 208F-209F 20BA-20CF 20F1-20FF 2102 2107 210A-2113
	2115 2119-211D 2124 2126 2128 212A-212D 212F-2139 213C-213F 2145-2149 214E 2150-218F 23F4-23FF 2427-243F 244B-249B
	24EA-24FF 2700 2776-2793 2B4D-2B4F 2B5A-2CE4 2CEB-2CEE 2CF2-2CF8 2CFD 2D00-2D6F 2D71-2D7E 2D80-2DDF 2E2F 2E3C-2E7F
	2E9A 2EF4-2EFF 2FD6-2FEF 2FFC-2FFF 3005-3007 3021-3029 3031-3035 3038-303C 3040-3098 309D-309F 30A1-30FA 30FC-318F
	3192-3195 31A0-31BF 31E4-31FF 321F-3229 3248-324F 3251-325F 3280-3289 32B1-32BF 32FF 3400-4DBF 4E00-A48F A4C7-A4FD
	A500-A60C A610-A66E A67F-A69E A6A0-A6EF A6F8-A6FF A717-A71F A722-A788 A78B-A801 A803-A805 A807-A80A A80C-A822
	A82C-A835 A83A-A873 A878-A87F A882-A8B3 A8C5-A8CD A8D0-A8DF A8F2-A8F7 A8FB-A925 A930-A946 A954-A95E A960-A97F
	A984-A9B2 A9CE-A9DD A9E0-AA28 AA37-AA42 AA44-AA4B AA4E-AA5B AA60-AA76 AA7A AA7C-AAAF AAB1 AAB5-AAB6 AAB9-AABD AAC0
	AAC2-AADD AAE0-AAEA AAF2-AAF4 AAF7-ABE2 ABEE-D7FF E000-FB1D FB1F-FB28 FB2A-FBB1 FBC2-FD3D FD40-FDFB FDFE-FDFF
	FE1A-FE1F FE27-FE2F FE53 FE67 FE6C-FEFE FF00 FF10-FF19 FF21-FF3A FF41-FF5A FF66-FFDF FFE7 FFEF-FFF8 10000-100FF
	10103-10136 10140-10178 1018A-1018F 1019C-101CF 101FE-1039E 103A0-103CF 103D1-10856 10858-1091E 10920-1093E
	10940-10A00 10A04 10A07-10A0B 10A10-10A37 10A3B-10A3E 10A40-10A4F 10A59-10A7E 10A80-10B38 10B40-10FFF 11003-11037
	1104E-1107F 11083-110AF 110C2-110FF 11103-11126 11135-1113F 11144-1117F 11183-111B2 111C1-111C4 111C9-116AA
	116B8-1246F 12474-16F50 16F7F-16F8E 16F93-1CFFF 1D0F6-1D0FF 1D127-1D128 1D1DE-1D1FF 1D246-1D2FF 1D357-1D6C0
	1D6C2-1D6DA 1D6DC-1D6FA 1D6FC-1D714 1D716-1D734 1D736-1D74E 1D750-1D76E 1D770-1D788 1D78A-1D7A8 1D7AA-1D7C2
	1D7C4-1EEEF 1EEF2-1EFFF 1F02C-1F02F 1F094-1F09F 1F0AF-1F0B0 1F0BF-1F0C0 1F0D0 1F0E0-1F10F 1F12F 1F16C-1F16F
	1F19B-1F1E5 1F203-1F20F 1F23B-1F23F 1F249-1F24F 1F252-1F2FF 1F321-1F32F 1F336 1F37D-1F37F 1F394-1F39F 1F3C5
	1F3CB-1F3DF 1F3F1-1F3FF 1F43F 1F441 1F4F8 1F4FD-1F4FF 1F53E-1F53F 1F544-1F54F 1F568-1F5FA 1F641-1F644 1F650-1F67F
	1F6C6-1F6FF 1F774-E0000 E0002-E001F E0080-E00FF E01F0-10FFFF
`

// marks are accents by themselves: within a word they are passed over.
const marks = "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030f\u0311\u031b\u0323\u0324\u0325\u0326\u0327\u0328\u032d\u032e\u0330\u0331"

// folds are pairs: a character, and the one that it is in a token.
const folds = `
	µμÀaÁaÂaÃaÄaÅaÆæÇcÈeÉeÊeËeÌiÍiÎiÏiÐðÑnÒoÓoÔoÕoÖoØøÙuÚuÛuÜuÝyÞþàaáaâaãaäaåaçcèeéeêeëeìiíiîiïiñnòoóoôoõoöoùuúuûuüuýyÿy
	ĀaāaĂaăaĄaąaĆcćcĈcĉcĊcċcČcčcĎdďdĐđĒeēeĔeĕeĖeėeĘeęeĚeěeĜgĝgĞgğgĠgġgĢgģgĤhĥhĦħĨiĩiĪiīiĬiĭiĮiįiİiĲĳĴjĵjĶkķkĹlĺlĻlļlĽlľl
	ĿŀŁłŃnńnŅnņnŇnňnŊŋŌoōoŎoŏoŐoőoŒœŔrŕrŖrŗrŘrřrŚsśsŜsŝsŞsşsŠsšsŢtţtŤtťtŦŧŨuũuŪuūuŬuŭuŮuůuŰuűuŲuųuŴwŵwŶyŷyŸyŹzźzŻzżzŽzžz
	ſsƁɓƂƃƄƅƆɔƇƈƉɖƊɗƋƌƎǝƏəƐɛƑƒƓɠƔɣƖɩƗɨƘƙƜɯƝɲƟɵƠoơoƢƣƤƥƦʀƧƨƩʃƬƭƮʈƯuưuƱʊƲʋƳƴƵƶƷʒƸƹƼƽǄǆǅǆǇǉǈǉǊǌǋǌǍaǎaǏiǐiǑoǒoǓuǔuǕǖǗǘǙǚǛǜǞǟ
	ǠǡǢǣǤǥǦgǧgǨkǩkǪoǫoǬǭǮǯǰjǱǳǲǳǴgǵgǶƕǷƿǸnǹnǺǻǼǽǾǿȀaȁaȂaȃaȄeȅeȆeȇeȈiȉiȊiȋiȌoȍoȎoȏoȐrȑrȒrȓrȔuȕuȖuȗuȘsșsȚtțtȜȝȞhȟhȠƞȢȣȤȥȦa
	ȧaȨeȩeȪȫȬȭȮoȯoȰȱȲyȳyȺⱥȻȼȽƚȾⱦɁɂɃƀɄʉɅʌɆɇɈɉɊɋɌɍɎɏͰͱͲͳͶͷΆάΈέΉήΊίΌόΎύΏώΑαΒβΓγΔδΕεΖζΗηΘθΙιΚκΛλΜμΝνΞξΟοΠπΡρΣσΤτΥυΦφΧχΨψΩωΪϊ
	ΫϋςσϏϗϐβϑθϕφϖπϘϙϚϛϜϝϞϟϠϡϢϣϤϥϦϧϨϩϪϫϬϭϮϯϰκϱρϴθϵεϷϸϹϲϺϻϽͻϾͼϿͽЀѐЁёЂђЃѓЄєЅѕІіЇїЈјЉљЊњЋћЌќЍѝЎўЏџАаБбВвГгДдЕеЖжЗзИиЙйКкЛлМм
	НнОоПпРрСсТтУуФфХхЦцЧчШшЩщЪъЫыЬьЭэЮюЯяѠѡѢѣѤѥѦѧѨѩѪѫѬѭѮѯѰѱѲѳѴѵѶѷѸѹѺѻѼѽѾѿҀҁҊҋҌҍҎҏҐґҒғҔҕҖҗҘҙҚқҜҝҞҟҠҡҢңҤҥҦҧҨҩҪҫҬҭҮүҰұҲҳҴҵ
	ҶҷҸҹҺһҼҽҾҿӀӏӁӂӃӄӅӆӇӈӉӊӋӌӍӎӐӑӒӓӔӕӖӗӘәӚӛӜӝӞӟӠӡӢӣӤӥӦӧӨөӪӫӬӭӮӯӰӱӲӳӴӵӶӷӸӹӺӻӼӽӾӿԀԁԂԃԄԅԆԇԈԉԊԋԌԍԎԏԐԑԒԓԔԕԖԗԘԙԚԛԜԝԞԟԠԡԢԣԤԥԦԧԱա
	ԲբԳգԴդԵեԶզԷէԸըԹթԺժԻիԼլԽխԾծԿկՀհՁձՂղՃճՄմՅյՆնՇշՈոՉչՊպՋջՌռՍսՎվՏտՐրՑցՒւՓփՔքՕօՖֆႠⴀႡⴁႢⴂႣⴃႤⴄႥⴅႦⴆႧⴇႨⴈႩⴉႪⴊႫⴋႬⴌႭⴍႮⴎႯⴏႰⴐႱⴑႲⴒႳⴓႴⴔ
	ႵⴕႶⴖႷⴗႸⴘႹⴙႺⴚႻⴛႼⴜႽⴝႾⴞႿⴟჀⴠჁⴡჂⴢჃⴣჄⴤჅⴥჇⴧჍⴭḀaḁaḂbḃbḄbḅbḆbḇbḈḉḊdḋdḌdḍdḎdḏdḐdḑdḒdḓdḔḕḖḗḘeḙeḚeḛeḜḝḞfḟfḠgḡgḢhḣhḤhḥhḦhḧhḨhḩhḪh
	ḫhḬiḭiḮḯḰkḱkḲkḳkḴkḵkḶlḷlḸḹḺlḻlḼlḽlḾmḿmṀmṁmṂmṃmṄnṅnṆnṇnṈnṉnṊnṋnṌṍṎṏṐṑṒṓṔpṕpṖpṗpṘrṙrṚrṛrṜṝṞrṟrṠsṡsṢsṣsṤṥṦṧṨṩṪtṫtṬtṭtṮt
	ṯtṰtṱtṲuṳuṴuṵuṶuṷuṸṹṺṻṼvṽvṾvṿvẀwẁwẂwẃwẄwẅwẆwẇwẈwẉwẊxẋxẌxẍxẎyẏyẐzẑzẒzẓzẔzẕzẖhẗtẘwẙyẛsẞßẠaạaẢaảaẤấẦầẨẩẪẫẬậẮắẰằẲẳẴẵẶặẸe
	ẹeẺeẻeẼeẽeẾếỀềỂểỄễỆệỈiỉiỊiịiỌoọoỎoỏoỐốỒồỔổỖỗỘộỚớỜờỞởỠỡỢợỤuụuỦuủuỨứỪừỬửỮữỰựỲyỳyỴyỵyỶyỷyỸyỹyỺỻỼỽỾỿἈἀἉἁἊἂἋἃἌἄἍἅἎἆἏἇἘἐἙἑ
	ἚἒἛἓἜἔἝἕἨἠἩἡἪἢἫἣἬἤἭἥἮἦἯἧἸἰἹἱἺἲἻἳἼἴἽἵἾἶἿἷὈὀὉὁὊὂὋὃὌὄὍὅὙὑὛὓὝὕὟὗὨὠὩὡὪὢὫὣὬὤὭὥὮὦὯὧᾈᾀᾉᾁᾊᾂᾋᾃᾌᾄᾍᾅᾎᾆᾏᾇᾘᾐᾙᾑᾚᾒᾛᾓᾜᾔᾝᾕᾞᾖᾟᾗᾨᾠᾩᾡᾪᾢᾫᾣ
	ᾬᾤᾭᾥᾮᾦᾯᾧᾸᾰᾹᾱᾺὰΆάᾼᾳιιῈὲΈέῊὴΉήῌῃῘῐῙῑῚὶΊίῨῠῩῡῪὺΎύῬῥῸὸΌόῺὼΏώῼῳΩωKkÅaℲⅎⅠⅰⅡⅱⅢⅲⅣⅳⅤⅴⅥⅵⅦⅶⅧⅷⅨⅸⅩⅹⅪⅺⅫⅻⅬⅼⅭⅽⅮⅾⅯⅿↃↄⰀⰰⰁⰱⰂⰲⰃⰳⰄⰴⰅⰵⰆⰶⰇⰷ
	ⰈⰸⰉⰹⰊⰺⰋⰻⰌⰼⰍⰽⰎⰾⰏⰿⰐⱀⰑⱁⰒⱂⰓⱃⰔⱄⰕⱅⰖⱆⰗⱇⰘⱈⰙⱉⰚⱊⰛⱋⰜⱌⰝⱍⰞⱎⰟⱏⰠⱐⰡⱑⰢⱒⰣⱓⰤⱔⰥⱕⰦⱖⰧⱗⰨⱘⰩⱙⰪⱚⰫⱛⰬⱜⰭⱝⰮⱞⱠⱡⱢɫⱣᵽⱤɽⱧⱨⱩⱪⱫⱬⱭɑⱮɱⱯɐⱰɒⱲⱳⱵⱶⱾȿⱿɀⲀⲁⲂⲃⲄⲅⲆⲇ
	ⲈⲉⲊⲋⲌⲍⲎⲏⲐⲑⲒⲓⲔⲕⲖⲗⲘⲙⲚⲛⲜⲝⲞⲟⲠⲡⲢⲣⲤⲥⲦⲧⲨⲩⲪⲫⲬⲭⲮⲯⲰⲱⲲⲳⲴⲵⲶⲷⲸⲹⲺⲻⲼⲽⲾⲿⳀⳁⳂⳃⳄⳅⳆⳇⳈⳉⳊⳋⳌⳍⳎⳏⳐⳑⳒⳓⳔⳕⳖⳗⳘⳙⳚⳛⳜⳝⳞⳟⳠⳡⳢⳣⳫⳬⳭⳮⳲⳳꙀꙁꙂꙃꙄꙅꙆꙇꙈꙉꙊꙋꙌꙍꙎꙏꙐꙑ
	ꙒꙓꙔꙕꙖꙗꙘꙙꙚꙛꙜꙝꙞꙟꙠꙡꙢꙣꙤꙥꙦꙧꙨꙩꙪꙫꙬꙭꚀꚁꚂꚃꚄꚅꚆꚇꚈꚉꚊꚋꚌꚍꚎꚏꚐꚑꚒꚓꚔꚕꚖꚗꜢꜣꜤꜥꜦꜧꜨꜩꜪꜫꜬꜭꜮꜯꜲꜳꜴꜵꜶꜷꜸꜹꜺꜻꜼꜽꜾꜿꝀꝁꝂꝃꝄꝅꝆꝇꝈꝉꝊꝋꝌꝍꝎꝏꝐꝑꝒꝓꝔꝕꝖꝗꝘꝙꝚꝛꝜꝝꝞꝟꝠꝡꝢꝣ
	ꝤꝥꝦꝧꝨꝩꝪꝫꝬꝭꝮꝯꝹꝺꝻꝼꝽᵹꝾꝿꞀꞁꞂꞃꞄꞅꞆꞇꞋꞌꞍɥꞐꞑꞒꞓꞠꞡꞢꞣꞤꞥꞦꞧꞨꞩꞪɦＡａＢｂＣｃＤｄＥｅＦｆＧｇＨｈＩｉＪｊＫｋＬｌＭｍＮｎＯｏＰｐＱｑＲｒＳｓＴｔＵｕＶｖＷｗＸｘＹｙＺｚ𐐀𐐨𐐁𐐩𐐂𐐪𐐃𐐫𐐄𐐬𐐅𐐭𐐆𐐮𐐇𐐯
	𐐈𐐰𐐉𐐱𐐊𐐲𐐋𐐳𐐌𐐴𐐍𐐵𐐎𐐶𐐏𐐷𐐐𐐸𐐑𐐹𐐒𐐺𐐓𐐻𐐔𐐼𐐕𐐽𐐖𐐾𐐗𐐿𐐘𐑀𐐙𐑁𐐚𐑂𐐛𐑃𐐜𐑄𐐝𐑅𐐞𐑆𐐟𐑇𐐠𐑈𐐡𐑉𐐢𐑊𐐣𐑋𐐤𐑌𐐥𐑍𐐦𐑎𐐧𐑏
`
