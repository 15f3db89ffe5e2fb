using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Starling.Core.Metainfo;
using Starling.Core.Primitives;

namespace Starling.Runtime.Torrents;

/// <summary>
/// The web seeds of one torrent (BEP 19): web servers that have its files. Whole pieces are asked for, over as many files as they cover, and checked before anyone sees them, so
/// that it is known which seed sent wrong bytes: it is never asked again. Thread-safe.
/// </summary>
public sealed class WebSeeds : IDisposable
{
    /// <summary>Code of the problems with web seeds.</summary>
    public const string ProblemCode = "web-seed";

    private readonly TorrentInfo _info;
    private readonly WebSeedOptions _options;
    private readonly WebSeedClient _client;
    private readonly Lock _lock = new();
    private readonly List<Seed> _seeds;

    /// <summary>The seeds of a torrent.</summary>
    /// <param name="info">The torrent.</param>
    /// <param name="urls">From <c>url-list</c> or <c>ws</c>; those that are no http URLs are left out.</param>
    /// <param name="options">Bounds.</param>
    public WebSeeds(TorrentInfo info, IEnumerable<string> urls, WebSeedOptions options)
    {
        ArgumentNullException.ThrowIfNull(info);
        ArgumentNullException.ThrowIfNull(options);
        _info = info;
        _options = options;
        _seeds = [.. urls.Where(TorrentFile.IsWebSeed).Distinct().Take(TorrentLimits.MaxWebSeeds).Select(url => new Seed(new Uri(url)))];
        _client = new WebSeedClient([.. _seeds.Select(seed => seed.Url)], options);
    }

    /// <summary>Told when a seed is given up for good, from any thread: its URL and why.</summary>
    public event Action<Uri, Problem>? Banned;

    /// <summary>Seeds that were not given up.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _seeds.Count(seed => !seed.IsBanned);
            }
        }
    }

    /// <summary>Requests that may be under way at once, to seeds that neither pause nor were given up.</summary>
    public int Places
    {
        get
        {
            lock (_lock)
            {
                return _seeds.Count(seed => seed.IsFree(Now)) * _options.RequestsPerSeed;
            }
        }
    }

    /// <summary>Requests that could begin now.</summary>
    public int Free
    {
        get
        {
            lock (_lock)
            {
                return _seeds.Sum(seed => seed.IsFree(Now) ? _options.RequestsPerSeed - seed.Active : 0);
            }
        }
    }

    /// <summary>When the next seed that pauses may be asked again, from now; null: none pauses.</summary>
    public TimeSpan? NextTry
    {
        get
        {
            lock (_lock)
            {
                long[] pauses = [.. _seeds.Where(seed => !seed.IsBanned && seed.PausedUntil > Now).Select(seed => seed.PausedUntil)];
                return pauses.Length == 0 ? null : TimeSpan.FromTicks(pauses.Min() - Now);
            }
        }
    }

    private long Now => _options.Clock.GetUtcNow().UtcTicks;

    /// <summary>Fetches a whole piece from one of the seeds, from the next one where that fails.</summary>
    /// <param name="piece">Number of the piece.</param>
    /// <param name="destination"><see cref="TorrentInfo.PieceSize"/> bytes; they hold the piece when null is returned, else anything.</param>
    /// <param name="check">Compares the piece with the torrent's hashes (<see cref="PieceCheck.Check"/>); a seed whose piece is wrong is banned.</param>
    /// <param name="cancel">Ends it by <see cref="OperationCanceledException"/>.</param>
    /// <returns>Null, or why no seed could deliver it now (<see cref="NextTry"/>).</returns>
    public async Task<Problem?> FetchPieceAsync(int piece, Memory<byte> destination, Func<ReadOnlyMemory<byte>, PieceVerdict> check, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(check);
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, _info.PieceSize(piece), nameof(destination));
        Problem? problem = null;
        var tried = new HashSet<Seed>();
        while (Take(tried) is { } seed)
        {
            tried.Add(seed);
            WebSeedClient.Outcome outcome = default;
            try
            {
                outcome = await FetchAsync(seed, piece, destination, cancel).ConfigureAwait(false);
                if (outcome.Problem is null && check(destination) is var verdict and not PieceVerdict.Right)
                {
                    // A hash that is not known yet is not the seed's fault, but the bytes can't be believed either.
                    outcome = new WebSeedClient.Outcome(
                        new Problem(ProblemCode, $"web seed {seed.Url}: piece {piece} {(verdict == PieceVerdict.Wrong ? "is wrong" : "can't be checked yet")}"),
                        IsFinal: verdict == PieceVerdict.Wrong);
                }
            }
            finally
            {
                Return(seed, outcome);
            }

            if (outcome.Problem is null)
            {
                return null;
            }

            problem = outcome.Problem;
        }

        return problem ?? new Problem(ProblemCode, "no web seed is free", "Ask again later.");
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>The URL of a file at a seed: the URL itself for a torrent of one file whose URL does not end in a slash, else the torrent's path below it.</summary>
    internal static Uri UrlOf(TorrentInfo info, int file, Uri seed)
    {
        string url = seed.AbsoluteUri;
        if (!info.IsFolder && !seed.AbsolutePath.EndsWith('/'))
        {
            return seed;
        }

        TorrentFileEntry entry = info.Files[file];
        string path = entry.RawUrlPath ?? string.Join('/', entry.Path.Split('/').Select(Uri.EscapeDataString));
        return new Uri(url.EndsWith('/') ? url + path : $"{url}/{path}");
    }

    private async Task<WebSeedClient.Outcome> FetchAsync(Seed seed, int piece, Memory<byte> destination, CancellationToken cancel)
    {
        foreach ((FileSlice slice, int begin) in SlicesOf(piece))
        {
            Memory<byte> part = destination.Slice(begin, slice.Length);
            if (slice.IsPadding)
            {
                part.Span.Clear();
                continue;
            }

            WebSeedClient.Outcome outcome = await _client.GetAsync(
                UrlOf(_info, slice.File, seed.Url), slice.Offset, _info.Files[slice.File].Length, part, cancel).ConfigureAwait(false);
            if (outcome.Problem is not null)
            {
                return outcome;
            }
        }

        return default;
    }

    private List<(FileSlice Slice, int Begin)> SlicesOf(int piece)
    {
        var slices = new List<(FileSlice, int)>();
        int begin = 0;
        foreach (FileSlice slice in _info.Slices(piece, 0, _info.PieceSize(piece)))
        {
            slices.Add((slice, begin));
            begin += slice.Length;
        }

        return slices;
    }

    /// <summary>The least busy seed that may be asked; null when there is none.</summary>
    private Seed? Take(HashSet<Seed> tried)
    {
        lock (_lock)
        {
            Seed? seed = _seeds.Where(seed => seed.IsFree(Now) && seed.Active < _options.RequestsPerSeed && !tried.Contains(seed)).MinBy(seed => (seed.Active, seed.Failures));
            if (seed is not null)
            {
                seed.Active++;
            }

            return seed;
        }
    }

    private void Return(Seed seed, WebSeedClient.Outcome outcome)
    {
        bool isNew;
        lock (_lock)
        {
            seed.Active--;
            isNew = outcome.IsFinal && !seed.IsBanned;
            seed.IsBanned |= outcome.IsFinal;
            seed.Failures = outcome.Problem is null ? 0 : seed.Failures + 1;
            if (outcome.Problem is not null)
            {
                const int maxDoublings = 20;
                TimeSpan pause = outcome.RetryAfter ?? _options.FirstPause * Math.Pow(2, Math.Min(seed.Failures - 1, maxDoublings));
                seed.PausedUntil = Now + Math.Clamp(pause.Ticks, 0, _options.LongestPause.Ticks);
            }
        }

        if (isNew)
        {
            Banned?.Invoke(seed.Url, outcome.Problem!);
        }
    }

    private sealed class Seed(Uri url)
    {
        public Uri Url { get; } = url;

        public int Active { get; set; }

        public int Failures { get; set; }

        public long PausedUntil { get; set; }

        public bool IsBanned { get; set; }

        public bool IsFree(long now) => !IsBanned && PausedUntil <= now;
    }
}
