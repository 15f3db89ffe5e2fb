using System.CommandLine;
using System.Net;
using System.Text;
using Starling.Core.Metainfo;
using Starling.Torrents;

namespace Starling.Commands;

/// <summary><c>starling torrent publish</c>: a link that stays the same while the torrent behind it changes (BEP 46).</summary>
internal static class TorrentPublishCommand
{
    public static Command Build()
    {
        var torrent = new Argument<string>("TORRENT") { Description = "a .torrent file, or a magnet link" };
        var salt = new Option<string>("--salt") { Description = "tells the torrents that you publish apart (default: none)", HelpName = "TEXT", DefaultValueFactory = _ => "" };
        salt.Validators.Add(result =>
        {
            int bytes = Encoding.UTF8.GetByteCount(result.GetValueOrDefault<string>() ?? "");
            if (bytes > MutableMagnet.MaxSaltSize)
            {
                result.AddError($"--salt: {bytes} bytes; give at most {MutableMagnet.MaxSaltSize}.");
            }
        });
        Option<IPEndPoint?> listen = RunCommand.ListenOption();
        Option<string[]> routers = RunCommand.RouterOption();
        var once = new Option<bool>("--once") { Description = "leave when it is published; nodes keep it for two hours" };
        var json = new Option<bool>("--json") { Description = "print one JSON object per event and line" };
        var command = new Command("publish", "Name a torrent in the DHT under your key: a link that stays the same when you name another one.")
        {
            torrent, salt, listen, routers, once, json,
        };
        command.SetAction(parsed => TorrentPublishAction.Run(new TorrentPublishSettings
        {
            Torrent = parsed.GetRequiredValue(torrent),
            Salt = Encoding.UTF8.GetBytes(parsed.GetValue(salt) ?? ""),
            Listen = parsed.GetValue(listen),
            DhtRouters = parsed.GetValue(routers) ?? [],
            Once = parsed.GetValue(once),
            Json = parsed.GetValue(json),
        }));
        return command;
    }
}
