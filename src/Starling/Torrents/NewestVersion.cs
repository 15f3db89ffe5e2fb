using System.Threading;
using System.Threading.Tasks;
using Starling.Runtime.Torrents;

namespace Starling.Torrents;

/// <summary>The newest version that an author named and nobody took yet; older ones that nobody took are left out. Thread-safe; one reader.</summary>
internal sealed class NewestVersion
{
    private readonly Lock _gate = new();
    private TaskCompletionSource<TorrentVersionNamed> _next = Fresh();
    private TorrentVersionNamed? _newest;

    /// <summary>A version was named.</summary>
    public void Take(TorrentVersionNamed version)
    {
        lock (_gate)
        {
            _newest = version;
            _next.TrySetResult(version);
        }
    }

    /// <summary>Ends when there is a version that was not given before.</summary>
    public async Task<TorrentVersionNamed> NextAsync()
    {
        await _next.Task.ConfigureAwait(false);
        lock (_gate)
        {
            _next = Fresh();
            return _newest!;
        }
    }

    private static TaskCompletionSource<TorrentVersionNamed> Fresh() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
