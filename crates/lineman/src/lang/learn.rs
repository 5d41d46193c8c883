//! Words of exercises.

use super::messages;

messages! {
    /// Words of exercises.
    Learn;
    Order { count } "Put these {count} packets in the order in which they were sent." "把这 {count} 个报文按发送的先后排好。"
    OrderHow {} "Type the letters, the first packet first; ? shows the answer, an empty line leaves it out, q quits." "输入字母，最先的报文写在最前；? 显示答案，空行跳过，q 退出。"
    OrderPrompt {} "order" "次序"
    OrderLetters { count, letters } "each of the {count} letters once: {letters}" "{count} 个字母各一次：{letters}"
    OrderWrong { late, early } "Not so: {late} cannot stand before {early}." "不对：{late} 不可能在 {early} 之前。"
    Fill { count } "Fill in the {count} places in brackets. Numbers are counted from the connection's beginning; those of the headers are right too." "填写方括号中的 {count} 个空。序号从连接开始处算起；填首部中的绝对序号也对。"
    FillHow {} "? shows the answer, an empty line leaves it out, q quits." "? 显示答案，空行跳过，q 退出。"
    AskSeq { blank } "[{blank}] sequence number" "[{blank}] 序号"
    AskAck { blank } "[{blank}] acknowledgment number" "[{blank}] 确认号"
    AskFlags { blank } "[{blank}] flags" "[{blank}] 标志位"
    AskClient { blank } "[{blank}] state of the client afterwards" "[{blank}] 此后客户端的状态"
    AskServer { blank } "[{blank}] state of the server afterwards" "[{blank}] 此后服务器的状态"
    Right {} "Right." "对。"
    Wrong { typed } "Not {typed}." "不是 {typed}。"
    Answer { truth } "It is {truth}." "答案：{truth}。"
    OrderAnswer { letters } "It was {letters}." "次序是 {letters}。"
    Score { right, asked, first } "{right} of {asked} right, {first} of them at the first try" "{asked} 题中答对 {right} 题，其中 {first} 题一次答对"
    NotSolved {} "the exercise is not solved yet" "练习还没有做完"
    Unfit { file } "{file}: there is nothing in it that can be asked about; an exercise needs packets whose numbers and states are known" "{file}：其中没有可以出题的内容；练习需要已知序号和状态的报文"
    BadExercise { file, why } "{file} is no exercise and no log of lineman: {why}" "{file} 既不是 lineman 的练习，也不是日志：{why}"
    OwnPlan { file } "{file} says itself what is asked; --ask, --blanks and --seed are for logs" "{file} 自己规定了问什么；--ask、--blanks 和 --seed 只用于日志"
    StdinAsks {} "answers come from stdin, so the exercise cannot; name a file, or use --make or --page" "答案从标准输入读取，练习就不能也从那里来；请给出文件名，或使用 --make 或 --page"
}
