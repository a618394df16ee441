internal import Pixels
internal import SharedMemory
internal import WaylandServer

/// A client's file with pixels, which is admitted, and mapped, once that is looked at, where its size can only grow.
///
/// - What can be told of the file at once is; the rest is asked on the client's lane. Until then its buffers have no
///   content, and commits of them wait.
/// - The descriptor stays open: it is looked at again whenever more of it is wanted, and read from where it isn't
///   mapped.
final class AdmittedFile {
    let file: ClientFile
    private let account: ClientAccount
    private let charge: Charge
    private let admission: Admission
    /// Makes the error that ends the client where the file turns out to be shorter than it was; it is about an object
    /// that may be gone.
    private let fault: (_ text: String, _ buffer: WlBuffer?) -> ProtocolError
    /// How it may be read, and what was known of it when it was looked at last; nil until that is known.
    private(set) var admitted: Admission.Admitted?
    /// Over which protocol it came.
    let kind: BufferFacts.Kind
    /// The part that was looked at, where it may be mapped. When more is looked at, there is another; the old one lasts
    /// as long as it is drawn from.
    private(set) var memory: ClientMemory?
    /// How often the file is being looked at just now.
    private var questions = 0
    /// What waits for the answer, by who does.
    private var waiting = OrderedDictionary<ObjectIdentifier, (action: () -> Void, charge: SharedCharge)>()

    /// Takes over `descriptor`, of which nothing is known yet.
    init(
        _ descriptor: consuming Descriptor,
        _ kind: BufferFacts.Kind,
        account: ClientAccount,
        admission: Admission,
        fault: @escaping (_ text: String, _ buffer: WlBuffer?) -> ProtocolError
    ) throws(ProtocolError) {
        self.kind = kind
        self.account = account
        self.admission = admission
        self.fault = fault
        charge = try account.charge(of: .descriptors)
        file = ClientFile(descriptor)
    }

    /// The error that ends the client where the file is too short, on `buffer` if that is there.
    func error(_ text: String, on buffer: WlBuffer?) -> ProtocolError { fault(text, buffer) }

    // MARK: Waiting

    /// The file holds what it is to hold. False while that isn't known.
    var isOpen: Bool { questions == 0 }

    /// Calls `action` when ``isOpen``, which it isn't. Never, where the client ends. Who waits is to say when it is
    /// gone: what waits costs memory, and time when it is done.
    func whenOpen(_ waiter: AnyObject, _ action: @escaping () -> Void) throws(ProtocolError) {
        waiting[ObjectIdentifier(waiter)] = (action, SharedCharge(try account.charge(of: .lookups)))
    }

    /// It doesn't wait any more, or never did.
    func stopWaiting(_ waiter: AnyObject) {
        if !waiting.isEmpty { waiting[ObjectIdentifier(waiter)] = nil }
    }

    // MARK: Admission

    /// What came of looking.
    enum Answer {
        /// The bytes are there, and ``AdmittedFile/admitted`` says how they may be read.
        case open
        case refused(Refusal)
        /// The client has no room for it.
        case overLimit(ProtocolError)
    }

    /// Looks whether the bytes in `range` may be used: at everything, also when some of the file is in use already, as
    /// a seal says nothing about how far the file reaches.
    ///
    /// Returns what can be told at once; nil where it has to be asked, and `answered` is called later, unless the
    /// client ends.
    func look(
        at range: Range<Int>,
        _ answered: @escaping (Answer) -> Void
    ) throws(ProtocolError) -> Answer? {
        let size = Int64(range.upperBound)
        if questions == 0 {
            do throws(Refusal) {
                if let admitted = try admission.glance(at: file.descriptor, size: size) { return open(admitted, range) }
            } catch {
                return refused(error)
            }
        }
        let (file, admission, process) = (file, admission, account.process)
        try account.look({ cancellation -> Result<Admission.Admitted, Refusal>? in
            if cancellation.isCancelled { return .failure(.tooSmall(fileSize: 0, needed: 0)) }
            do throws(Refusal) {
                return .success(try admission.admit(file.descriptor, size: size, of: process))
            } catch {
                return .failure(error)
            }
        }) { [self] result in
            questions -= 1
            guard account.isOpen else { return }
            switch result {
            case .success(let admitted): answered(open(admitted, range))
            case .failure(let refusal): answered(refused(refusal))
            }
            if account.isOpen { stopKeepingWaiting() }
        }
        questions += 1
        return nil
    }

    private func stopKeepingWaiting() {
        guard isOpen else { return }
        let waited = waiting
        waiting = OrderedDictionary()
        for (action, _) in waited.values { action() }
    }

    private func refused(_ refusal: Refusal) -> Answer {
        account.arrivals.refused += 1
        return .refused(refusal)
    }

    private func open(_ admitted: Admission.Admitted, _ range: Range<Int>) -> Answer {
        memory = nil
        if case .mapped = admitted.access {
            do throws(ProtocolError) {
                let charge = try account.charge(of: .mappings)
                memory = ClientMemory(file, range, account: account, charge: charge)
            } catch {
                return .overLimit(error)
            }
        }
        if self.admitted == nil {
            switch admitted.access {
            case .mapped(sealedOnArrival: false): account.arrivals.sealed += 1
            case .mapped(sealedOnArrival: true): account.arrivals.sealedOnArrival += 1
            case .copied: account.arrivals.copied += 1
            }
        }
        self.admitted = admitted
        return .open
    }

    // MARK: Facts

    /// What is known of the file, for a picture at `offset`.
    func facts(offset: Int, stride: Int) -> BufferFacts.Memory {
        guard let admitted else { return BufferFacts.Memory(offset: offset, stride: stride) }
        let facts = admitted.facts
        // A sealed file may have to be read, where mappings can fault.
        let tier: BufferFacts.Memory.Tier =
            switch admitted.access {
            case .mapped(sealedOnArrival: false): .sealed
            case .mapped(sealedOnArrival: true): .sealedOnArrival
            case .copied: facts.seals?.contains(.shrink) == true ? .sealed : .unsealable
            }
        return BufferFacts.Memory(
            tier: tier,
            seals: facts.seals ?? [],
            fileSize: facts.size,
            offset: offset,
            stride: stride,
            device: facts.device,
            fileNumber: facts.fileNumber
        )
    }
}
