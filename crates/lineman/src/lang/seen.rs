//! What a script has seen in packets, and says because it is what the lesson is about.

use super::Lang;
use super::Message as _;
use super::messages;

messages! {
    /// What a script has seen.
    Seen;
    Mss { client, server } "The SYN of the client announces an MSS of {client} bytes, the SYN+ACK of the server one of {server}." "客户端的 SYN 声明 MSS 为 {client} 字节，服务器的 SYN+ACK 声明 MSS 为 {server} 字节。"
    WindowScale { window, scale, field, scaled } "The SYN of the client has window {window} and window scale {scale}. Its next segment has window {field}: {field} × 2^{scale} = {scaled} bytes." "客户端的 SYN 中窗口为 {window}，窗口扩大因子为 {scale}。它的下一个报文段中窗口字段为 {field}：{field} × 2^{scale} = {scaled} 字节。"
    WindowScaleServer { window, scale } "The SYN+ACK of the server has window {window} and window scale {scale}: each end's own scale holds for the windows that it sends, and only because both have sent the option (RFC 7323 §2.2)." "服务器的 SYN+ACK 中窗口为 {window}，窗口扩大因子为 {scale}：双方各自的因子用于自己发送的窗口，而且只有双方都发送了该选项才生效（RFC 7323 §2.2）。"
}

/// The sentence of a note about what was seen; `None` for other notes.
pub fn of_note(id: &str, args: &[(String, String)], lang: Lang) -> Option<String> {
    let get = |wanted| {
        let mut args = args.iter();
        args.find(|(name, _)| name == wanted)
            .map(|(_, value)| value)
    };
    Some(match id.strip_prefix("seen.")? {
        "mss" => {
            let (client, server) = (get("client")?, get("server")?);
            Seen::Mss { client, server }.render(lang)
        }
        "window-scale" => {
            let (window, scale) = (get("window")?, get("scale")?);
            let (field, scaled) = (get("field")?, get("scaled")?);
            let words = Seen::WindowScale {
                window,
                scale,
                field,
                scaled,
            };
            let mut said = words.render(lang);
            // Older logs do not have the server's.
            if let (Some(window), Some(scale)) = (get("server_window"), get("server_scale")) {
                let servers = Seen::WindowScaleServer { window, scale };
                said.push_str(match lang {
                    Lang::En => " ",
                    Lang::Zh => "",
                });
                said.push_str(&servers.render(lang));
            }
            said
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_said_with_its_numbers() {
        let args = |names: &[&str]| -> Vec<_> {
            let names = names.iter();
            names
                .map(|name| ((*name).to_owned(), format!("<{name}>")))
                .collect()
        };
        let mss = of_note("seen.mss", &args(&["client", "server"]), Lang::Zh);
        assert!(mss.is_some_and(|said| said.contains("<client>") && said.contains("<server>")));
        let names = ["window", "scale", "field", "scaled"];
        let said = of_note("seen.window-scale", &args(&names), Lang::En);
        assert!(said.is_some_and(|said| said.contains("<field> × 2^<scale> = <scaled>")));
        assert_eq!(of_note("seen.mss", &[], Lang::En), None);
        // "Look at the option in both SYNs": only the client's was shown.
        let all = [&names[..], &["server_window", "server_scale"]].concat();
        let both = of_note("seen.window-scale", &args(&all), Lang::En);
        assert!(both.is_some_and(|said| said.contains("window scale <server_scale>")));
        assert_eq!(
            of_note("look.mss", &args(&["client", "server"]), Lang::En),
            None
        );
    }
}
