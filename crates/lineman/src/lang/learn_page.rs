//! The page's words about learning: the chapter, questions about the next state, exercises.

/// The name in the page's script, English, Chinese.
pub const WORDS: &[(&str, &str, &str)] = &[
    ("learn", "learn", "学习"),
    ("chapter", "The chapter, step by step", "按章节学习"),
    (
        "chapter.none",
        "Begin a lab to play these: lineman lab handshake --page",
        "要播放这些，请启动实验：lineman lab handshake --page",
    ),
    (
        "chapter.opening",
        "Three-way handshake: first, second, third",
        "三次握手：第一次、第二次、第三次",
    ),
    (
        "chapter.opening.how",
        "Each side names its initial sequence number in a SYN, and each SYN is acknowledged; the second segment does both.",
        "双方各用 SYN 通告自己的初始序号，每个 SYN 都要得到确认；第二次握手兼做这两件事。",
    ),
    (
        "chapter.shake.first",
        "First segment: SYN",
        "第一次握手：SYN",
    ),
    (
        "chapter.shake.second",
        "Second segment: SYN+ACK",
        "第二次握手：SYN+ACK",
    ),
    (
        "chapter.shake.third",
        "Third segment: ACK",
        "第三次握手：ACK",
    ),
    (
        "chapter.closing",
        "Closing in four steps: first to fourth",
        "四次挥手：第一次至第四次",
    ),
    (
        "chapter.closing.how",
        "Each direction ends with its own FIN, and each FIN is acknowledged.",
        "两个方向各用自己的 FIN 结束，每个 FIN 都要得到确认。",
    ),
    (
        "chapter.wave.first",
        "First segment: FIN",
        "第一次挥手：FIN",
    ),
    (
        "chapter.wave.second",
        "Second segment: ACK",
        "第二次挥手：ACK",
    ),
    (
        "chapter.wave.third",
        "Third segment: FIN",
        "第三次挥手：FIN",
    ),
    (
        "chapter.wave.fourth",
        "Fourth segment: ACK",
        "第四次挥手：ACK",
    ),
    ("chapter.against", "TCP against UDP", "TCP 与 UDP 对比"),
    (
        "chapter.against.how",
        "The same loss and the same two sends, once with TCP and once with UDP: compare what arrives.",
        "同样的丢失、同样的两次发送，TCP 与 UDP 各做一遍：比较到达的内容。",
    ),
    (
        "chapter.datagram",
        "A datagram, without a handshake",
        "数据报：不经握手直接发送",
    ),
    ("chapter.tftp", "A small TFTP", "一个小的 TFTP"),
    (
        "chapter.tftp.how",
        "A request, then block after block: each DATA waits for the ACK of the one before; a short block is the last.",
        "先发请求，再逐块传输：每个 DATA 都要等前一块的 ACK；不满一块的 DATA 是最后一块。",
    ),
    ("chapter.tftp.rrq", "The request: RRQ", "请求：RRQ"),
    ("chapter.tftp.data", "A block: DATA", "数据块：DATA"),
    ("chapter.tftp.ack", "Its acknowledgment: ACK", "确认：ACK"),
    (
        "chapter.tftp.last",
        "The last block: a short DATA",
        "最后一块：不满一块的 DATA",
    ),
    ("chapter.tftp.end", "The last ACK", "最后一个 ACK"),
    (
        "chapter.comes",
        "this packet has not been sent yet",
        "这个报文尚未发送",
    ),
    (
        "chapter.held",
        "this packet has not been sent yet: deliver those that are held before it",
        "这个报文尚未发送：先放行在它之前被扣留的报文",
    ),
    (
        "chapter.missed",
        "this packet is not in the log, and the scenario has ended",
        "日志中没有这个报文，而场景已经结束",
    ),
    (
        "chapter.asked",
        "hidden until the question is answered",
        "回答问题之后才显示",
    ),
    ("guess", "Which state next?", "下一个状态是什么？"),
    (
        "guess.on",
        "ask me before each packet that is held is let through",
        "放行每个被扣留的报文之前先问我",
    ),
    (
        "guess.on.recorded",
        "ask me before each segment; what follows it is hidden until then",
        "每个报文段到达之前先问我；之后的内容暂不显示",
    ),
    (
        "guess.over",
        "nothing is left to be asked about",
        "没有可以问的了",
    ),
    ("guess.answer.recorded", "Answer, and show it", "回答并显示"),
    (
        "guess.none",
        "No packet is held. Step (key s) holds each that comes from now on.",
        "没有被扣留的报文。“单步”（s 键）会扣留此后的每个报文。",
    ),
    (
        "guess.about",
        "When this arrives, whose state changes, and to what?",
        "它到达时，谁的状态会改变，变成什么？",
    ),
    ("guess.host", "host", "主机"),
    ("guess.nothing", "no state changes", "状态都不变"),
    ("guess.answer", "Answer, and let it through", "回答并放行"),
    ("guess.right", "Right: {changes}", "对：{changes}"),
    (
        "guess.wrong",
        "Not so. What happened: {changes}",
        "不对。实际情况：{changes}",
    ),
    (
        "guess.score",
        "{right} of {asked} right",
        "{asked} 题答对 {right} 题",
    ),
    ("exercise", "Exercise", "练习"),
    (
        "exercise.make",
        "Make an exercise of this log",
        "用此日志出一份练习",
    ),
    (
        "exercise.none",
        "There is nothing to ask yet: no packet has passed.",
        "还没有可以问的：尚无报文经过。",
    ),
    (
        "exercise.order",
        "In which order were these sent? Number them from 1.",
        "它们按什么次序发送？从 1 开始编号。",
    ),
    (
        "exercise.places",
        "Places are missing, or taken twice: each packet has its own number, from 1 to {count}.",
        "编号有缺漏或重复：每个报文各有一个编号，从 1 到 {count}。",
    ),
    ("exercise.pass", "Go on without it", "跳过这一题"),
    (
        "exercise.fill",
        "Fill in what is left out. Numbers count from the connection's beginning.",
        "填写空缺之处。序号从连接开始处算起。",
    ),
    ("exercise.check", "Check", "批改"),
    (
        "exercise.solved",
        "Solved: all of it is right.",
        "全部正确。",
    ),
    (
        "exercise.open",
        "Not solved yet: {right} of {asked} right.",
        "还没有做完：{asked} 题对 {right} 题。",
    ),
    (
        "exercise.unchecked",
        "not checked: {why}",
        "没有批改：{why}",
    ),
    (
        "exercise.corrected",
        "corrected by the packets of its log",
        "由日志中的报文批改",
    ),
    ("exercise.right", "Right", "对"),
    ("exercise.wrong", "Not so", "不对"),
    (
        "exercise.early",
        "{late} cannot stand before {early}",
        "{late} 不可能在 {early} 之前",
    ),
    ("exercise.other", "Another", "换一份"),
    (
        "exercise.file",
        "As a file, for: lineman lab exercise FILE",
        "存为文件，用于：lineman lab exercise 文件",
    ),
];
