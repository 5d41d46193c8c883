//! Working on an exercise, line by line: questions on stdout, answers from stdin.

use std::io;
use std::io::BufRead;
use std::io::IsTerminal as _;

use lineman_trace::learn::Exercise;
use lineman_trace::learn::Mark;
use lineman_trace::learn::OrderMark;
use lineman_trace::story::Saying;
use serde_json::json;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::learn::Learn;
use crate::lines::bounded_line;
use crate::views::exercise as view;
use crate::views::ladder::Style;
use crate::views::ladder::pieces::spelled;
use crate::views::text::wrap;
use crate::views::words::sentence;

/// An exercise, as far as the learner has come.
pub(super) struct Work<'e> {
    exercise: &'e Exercise,
    style: Style,
    console: Console,
    filled: Vec<Option<String>>,
    score: Score,
}

/// How questions were answered.
#[derive(Debug, Default)]
struct Score {
    right: usize,
    /// Of these, without a wrong answer before.
    first: usize,
}

/// How a question ended.
enum Answered {
    Right {
        first: bool,
    },
    /// Left out, or the answer was shown.
    Open,
    /// Nothing more is to be asked.
    Quit,
}

impl<'e> Work<'e> {
    pub(super) fn new(exercise: &'e Exercise, style: Style, console: Console) -> Self {
        Self {
            exercise,
            style,
            console,
            filled: vec![None; exercise.blanks().len()],
            score: Score::default(),
        }
    }

    /// Asks everything.
    ///
    /// # Errors
    /// When stdout is closed, or not everything was answered.
    pub(super) fn run(mut self, input: &mut dyn BufRead) -> Result<(), Failure> {
        let all = self.exercise.blanks().len() + usize::from(!self.exercise.shuffled().is_empty());
        self.tell_exercise()?;
        let mut going = true;
        if !self.exercise.shuffled().is_empty() {
            going = self.order(input)?;
        }
        if going && !self.exercise.blanks().is_empty() {
            self.fill(input)?;
        }
        let (asked, Score { right, first }) = (&all, &self.score);
        self.say(&Learn::Score {
            right,
            asked,
            first,
        })?;
        let fields = json!({ "right": right, "asked": all, "first": first });
        self.console.tell("score", fields)?;
        match *right == all {
            true => Ok(()),
            false => Err(Failure::new(
                Exit::Incomplete,
                &Learn::NotSolved {},
                self.lang(),
            )),
        }
    }

    fn lang(&self) -> Lang {
        self.style.lang
    }

    /// Whether to go on behind it.
    fn order(&mut self, input: &mut dyn BufRead) -> Result<bool, Failure> {
        let count = &self.exercise.shuffled().len();
        self.say(&Learn::Order { count })?;
        self.print(&view::shuffled(self.exercise, self.style))?;
        self.say(&Learn::OrderHow {})?;
        let prompt = Learn::OrderPrompt {}.render(self.lang());
        let answered = self.ask(&prompt, input, Self::check_order)?;
        let going = self.count(answered);
        self.blank_line()?;
        Ok(going)
    }

    fn fill(&mut self, input: &mut dyn BufRead) -> Result<(), Failure> {
        let count = &self.exercise.blanks().len();
        self.say(&Learn::Fill { count })?;
        self.say(&Learn::FillHow {})?;
        self.print(&view::ladder(self.exercise, &self.filled, self.style))?;
        for blank in 0..self.exercise.blanks().len() {
            let prompt = view::question(self.exercise, blank, self.lang());
            let check = |work: &mut Self, typed: &str| work.check_blank(blank, typed);
            let answered = self.ask(&prompt, input, check)?;
            if !self.count(answered) {
                break;
            }
        }
        self.print(&view::ladder(self.exercise, &self.filled, self.style))
    }

    /// Asks until there is a right answer, or none.
    fn ask(
        &mut self,
        prompt: &str,
        input: &mut dyn BufRead,
        mut check: impl FnMut(&mut Self, &str) -> Result<Option<bool>, Failure>,
    ) -> Result<Answered, Failure> {
        let mut first = true;
        loop {
            if !self.console.json {
                self.console
                    .print(spelled(&format!("{prompt}> "), self.style))?;
            }
            let Some(typed) = self.line(input)? else {
                self.blank_line()?;
                return Ok(Answered::Quit);
            };
            match typed.as_str() {
                "" => return Ok(Answered::Open),
                "q" | "quit" => return Ok(Answered::Quit),
                typed => match check(self, typed)? {
                    Some(true) => return Ok(Answered::Right { first }),
                    Some(false) if typed == "?" => return Ok(Answered::Open),
                    Some(false) => first = false,
                    None => {}
                },
            }
        }
    }

    /// What was typed; `None` at the end of it.
    fn line(&self, input: &mut dyn BufRead) -> Result<Option<String>, Failure> {
        let read = bounded_line(input, LONGEST);
        let Some(line) = read.map_err(|error| Failure::internal(&error, self.lang()))? else {
            return Ok(None);
        };
        let typed = String::from_utf8_lossy(&line).trim().to_owned();
        // A terminal shows what is typed; the file of a session is to show it, too.
        if !self.console.json && !io::stdin().is_terminal() {
            self.console
                .print(format!("{}\n", crate::views::text::clean(&typed)))?;
        }
        Ok(Some(typed))
    }

    fn count(&mut self, answered: Answered) -> bool {
        match answered {
            Answered::Right { first } => {
                self.score.right += 1;
                self.score.first += usize::from(first);
                true
            }
            Answered::Open => true,
            Answered::Quit => false,
        }
    }

    /// Whether an order is right; `None` if it is none.
    fn check_order(&mut self, typed: &str) -> Result<Option<bool>, Failure> {
        let letters =
            |order: &[usize]| -> String { order.iter().map(|at| view::letter(*at)).collect() };
        if typed == "?" {
            let letters = &letters(&self.exercise.true_order());
            self.say(&Learn::OrderAnswer { letters })?;
            return Ok(Some(false));
        }
        let signs = typed.chars().filter(|sign| sign.is_alphanumeric());
        let order: Vec<usize> = signs
            .map(|sign| view::place(sign).unwrap_or(usize::MAX))
            .collect();
        let mark = self.exercise.check_order(&order);
        let right = mark == OrderMark::Right;
        match mark {
            OrderMark::Open => {
                let places: Vec<usize> = (0..self.exercise.shuffled().len()).collect();
                let (count, letters) = (&places.len(), &letters(&places));
                self.say(&Learn::OrderLetters { count, letters })?;
                return Ok(None);
            }
            OrderMark::Right => self.say(&Learn::Right {})?,
            OrderMark::Wrong { late, early, why } => {
                let (late, early) = (&view::letter(late), &view::letter(early));
                self.say(&Learn::OrderWrong { late, early })?;
                self.reasons(&why)?;
            }
        }
        self.console
            .tell("order", json!({ "answer": typed, "right": right }))?;
        Ok(Some(right))
    }

    fn check_blank(&mut self, blank: usize, typed: &str) -> Result<Option<bool>, Failure> {
        let mark = self.exercise.check_blank(blank, typed);
        let truth = self.exercise.truth(blank).unwrap_or_default();
        let right = mark == Mark::Right;
        match mark {
            Mark::Open => return Ok(None),
            Mark::Right => self.say(&Learn::Right {})?,
            Mark::Wrong(why) => {
                if typed == "?" {
                    self.say(&Learn::Answer { truth: &truth })?;
                } else {
                    self.say(&Learn::Wrong { typed: &typed })?;
                }
                self.reasons(&why)?;
            }
        }
        if right || typed == "?" {
            self.filled[blank] = Some(truth);
        }
        if typed != "?" {
            self.console.tell(
                "blank",
                json!({ "blank": blank, "answer": typed, "right": right }),
            )?;
        }
        Ok(Some(right))
    }

    fn reasons(&self, why: &[&Saying]) -> Result<(), Failure> {
        why.iter().try_for_each(|saying| {
            let text = sentence(saying, self.lang());
            self.print(&self.wrapped(&text))
        })
    }

    fn say(&self, words: &dyn Message) -> Result<(), Failure> {
        self.print(&self.wrapped(&words.render(self.lang())))
    }

    fn wrapped(&self, text: &str) -> Vec<String> {
        wrap(&spelled(text, self.style), self.style.width)
    }

    fn blank_line(&self) -> Result<(), Failure> {
        self.print(&[String::new()])
    }

    /// Lines for people.
    fn print(&self, lines: &[String]) -> Result<(), Failure> {
        match self.console.json {
            true => Ok(()),
            false => self.console.print(
                lines
                    .iter()
                    .map(|line| format!("{line}\n"))
                    .collect::<String>(),
            ),
        }
    }

    /// The questions, for programs.
    fn tell_exercise(&self) -> Result<(), Failure> {
        let shuffled = self.exercise.shuffled().iter();
        let shuffled: Vec<String> = shuffled
            .map(|row| view::in_words(self.exercise, *row, self.style))
            .collect();
        let fields = json!({
            "order": shuffled,
            "blanks": self.exercise.blanks(),
            "lines": self.exercise.lines(),
        });
        self.console.tell("exercise", fields)
    }
}

/// No answer is longer.
const LONGEST: usize = 4096;
