using System.Collections.Generic;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>One file of a torrent with all hashes that the torrent needs (BEP 3, BEP 52).</summary>
/// <param name="Path">Path below the torrent's folder, with <c>/</c>; for a torrent of one file its name.</param>
/// <param name="Length">Bytes.</param>
/// <param name="PiecesRoot">Merkle root over its 16 KiB blocks; zero for an empty file, and for v1.</param>
/// <param name="PieceLayer">The hashes at the height of one piece; empty for files of at most one piece.</param>
/// <param name="V1Pieces">
/// 20 bytes of SHA-1 for each piece that ends in the file, or in the zero padding behind it that hybrid torrents have up to the piece length, unless this is the last
/// file (BEP 47); empty for v2.
/// </param>
public sealed record HashedFile(string Path, long Length, Hash256 PiecesRoot, IReadOnlyList<Hash256> PieceLayer, byte[] V1Pieces);
