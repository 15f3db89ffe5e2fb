using System;
using Starling.Core.Pieces;

namespace Starling.Core.Verification;

/// <summary>Collects what is known about a piece from map and workers, and has the policy judge it.</summary>
public sealed class PieceJudge
{
    private readonly PieceMap _map;
    private readonly WorkerTable _workers;
    private readonly IVerificationPolicy _policy;

    /// <summary>A judge over one task's pieces.</summary>
    public PieceJudge(PieceMap map, WorkerTable workers, IVerificationPolicy policy)
    {
        _map = map;
        _workers = workers;
        _policy = policy;
    }

    /// <summary>What is believed about a piece now. Workers that contradicted themselves count for nothing.</summary>
    public Verdict Judge(int piece)
    {
        Span<CandidateEvidence> evidence = stackalloc CandidateEvidence[PieceMap.MaxCandidates];
        evidence = evidence[.._map.CandidateCount(piece)];
        foreach ((int number, int candidate) in _map.Votes(piece))
        {
            Worker worker = _workers[number];
            if (!worker.Contradicted)
            {
                evidence[candidate] = new CandidateEvidence(
                    evidence[candidate].Votes + 1,
                    evidence[candidate].Believed || worker.Believed);
            }
        }

        return _policy.Judge(evidence);
    }

    /// <summary>The piece was accepted: those who attested the accepted result get their credit.</summary>
    public void CreditVoters(int piece, ushort acceptable)
    {
        foreach ((int number, int candidate) in _map.Votes(piece))
        {
            _workers[number].Credit += (acceptable & (1 << candidate)) != 0 ? 1 : 0;
        }
    }
}
