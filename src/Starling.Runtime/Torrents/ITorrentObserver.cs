using Starling.Core.Metainfo;
using Starling.Core.Primitives;
using Starling.Core.Torrents;

namespace Starling.Runtime.Torrents;

/// <summary>Hears of one torrent, on threads of the host: calls must return soon and throw nothing.</summary>
public interface ITorrentObserver
{
    /// <summary>The metadata is known and the files are open; pieces left by an earlier process are about to be checked.</summary>
    void Known(TorrentInfo info, string folder);

    /// <summary>So many pieces of those left by an earlier process have been looked at.</summary>
    void Checking(int looked, int pieces);

    /// <summary>The check is over: these pieces are there, and fetching begins. The set is the host's, to be read during the call.</summary>
    void Started(PieceBits have);

    /// <summary>Something happened in the swarm.</summary>
    void Report(DataEvent happened);

    /// <summary>The torrent can't go on.</summary>
    void Failed(Problem problem);
}
