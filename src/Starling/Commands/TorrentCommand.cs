using System.CommandLine;

namespace Starling.Commands;

/// <summary><c>starling torrent …</c>: ordinary torrents.</summary>
internal static class TorrentCommand
{
    public static Command Build() => new("torrent", "Make and exchange ordinary torrents, with any BitTorrent client.")
    {
        TorrentCreateCommand.Build(),
        TorrentGetCommand.Build(),
        TorrentPublishCommand.Build(),
    };
}
