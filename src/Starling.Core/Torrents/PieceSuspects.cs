using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Torrents;

/// <summary>
/// Finds who sent bad blocks. A piece that was wrong is fetched again from one peer alone: is it wrong again, that peer lied; is it right, then
/// whoever sent a block that differs from the good one did. A piece that came from one peer needs no second look. Where peers tell the hashes of the blocks (BEP 52), these
/// take the place of the good version, and nothing needs to be fetched again first.
/// </summary>
/// <remarks>Only pieces that are being fetched are in the tables, and what is being fetched is bounded.</remarks>
internal sealed class PieceSuspects(DataPeerTable peers)
{
    private const string Code = "bad-block";

    private readonly Dictionary<int, List<FailedVersion>> _failed = [];

    /// <summary>Hashes of blocks that are known to be right, of pieces that are not good yet.</summary>
    private readonly Dictionary<int, IReadOnlyList<Hash256>> _right = [];

    /// <summary>Whether a piece was wrong before, so that it is to come from one peer and its block hashes are wanted.</summary>
    public bool IsSuspect(int piece) => _failed.ContainsKey(piece);

    /// <summary>A piece is wrong. True: it should come from one peer alone.</summary>
    public bool Bad(PieceProgress progress, IReadOnlyList<Hash256> blockHashes)
    {
        IReadOnlyList<DataPeer> contributors = progress.Contributors();
        if (contributors.Count == 1 && progress.IsFromKnown)
        {
            peers.Ban(contributors[0].Remote, Code, $"sent piece {progress.Piece} wrong");
            return IsSuspect(progress.Piece);
        }

        if (!_failed.TryGetValue(progress.Piece, out List<FailedVersion>? versions))
        {
            _failed.Add(progress.Piece, versions = []);
        }

        if (versions.Count < DataLimits.MaxFailedVersions && blockHashes.Count == progress.Blocks)
        {
            var sources = new PeerAddress[progress.Blocks];
            for (int i = 0; i < sources.Length; i++)
            {
                sources[i] = progress.SourceOf(i)?.Remote ?? default;
            }

            versions.Add(new FailedVersion(sources, blockHashes));
        }

        return !_right.TryGetValue(progress.Piece, out IReadOnlyList<Hash256>? right) || !Judge(progress.Piece, right);
    }

    /// <summary>The piece is not wanted any more.</summary>
    public void Forget(int piece)
    {
        _failed.Remove(piece);
        _right.Remove(piece);
    }

    /// <summary>A piece is right: those who sent something else are known now.</summary>
    public void Good(PieceProgress progress, IReadOnlyList<Hash256> blockHashes)
    {
        _right.Remove(progress.Piece);
        if (!_failed.Remove(progress.Piece, out List<FailedVersion>? versions) || blockHashes.Count != progress.Blocks)
        {
            return;
        }

        foreach (FailedVersion version in versions)
        {
            for (int i = 0; i < blockHashes.Count; i++)
            {
                if (version.Hashes[i] != blockHashes[i] && version.Sources[i] != default && !peers.IsBanned(version.Sources[i]))
                {
                    peers.Ban(version.Sources[i], Code, $"sent block {i} of piece {progress.Piece} wrong");
                }
            }
        }
    }

    /// <summary>
    /// Hashes of the first blocks of a piece that are known to be right (BEP 52): who sent another block of a version that failed is banned. True: there was one, so
    /// that the piece may come from everybody again.
    /// </summary>
    public bool Judge(int piece, IReadOnlyList<Hash256> right)
    {
        bool found = false;
        if (!_failed.Remove(piece, out List<FailedVersion>? versions))
        {
            return false;
        }

        _right[piece] = right;
        foreach (FailedVersion version in versions)
        {
            for (int i = 0; i < right.Count; i++)
            {
                if (version.Hashes[i] != right[i] && version.Sources[i] != default)
                {
                    found = true;
                    if (!peers.IsBanned(version.Sources[i]))
                    {
                        peers.Ban(version.Sources[i], Code, $"sent block {i} of piece {piece} wrong");
                    }
                }
            }
        }

        if (!found)
        {
            // The wrong bytes lie where these hashes say nothing: in the padding behind the file. The other way is left.
            _failed.Add(piece, versions);
        }

        return found;
    }

    private sealed record FailedVersion(IReadOnlyList<PeerAddress> Sources, IReadOnlyList<Hash256> Hashes);
}
